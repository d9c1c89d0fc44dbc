"""The page of incidents: recorded in the institution's own time, refused with a sentence, read in German."""

from tests.web.browsing import send
from tests.web.populated import Populated

GIVEN = {
    "kind": "personal-data-breach",
    "day": "2024-09-06",
    "time": "15:30",
    "note": "A lost laptop.",
}


def test_an_incident_is_recorded_and_its_deadline_counted(hub: Populated) -> None:
    client, path = hub.client("officer"), f"/i/{hub.ids['institution']}/incidents"
    assert "No incident is on record." in client.get(path).text
    for wrong, says in (
        ({"time": "noon"}, "Enter a time such as 14:30."),
        ({"day": "soon"}, "Enter a day such as 2026-09-01."),
        ({"day": "2999-01-01"}, "This moment has not come yet."),
    ):
        answer = send(client, path, **(GIVEN | wrong))
        assert answer.status_code == 422 and says in answer.text and "A lost laptop." in answer.text
    assert send(client, path, **GIVEN).status_code == 303
    page = client.get(path).text
    assert "Personal data breach, known since 6 September 2024, 15:30" in page
    assert "9 September 2024, 15:30: over" in page and "A lost laptop." in page
    client.cookies.set("collegium-locale", "de")
    german = client.get(path).text
    assert "9. September 2024, 15:30" in german and "vorbei" in german
    assert "A lost laptop." not in client.get(f"/i/{hub.ids['institution']}/audit").text
