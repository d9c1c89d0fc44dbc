"""Catalogues: `collegium.pot` from the code and the templates, one `.po` per language. `app.text` reads the `.po`."""
