"""The site's own page: readiness, the policy, what left, the records. Served on this computer only, without the hub.

The only place besides `app/web` where HTML is made. Starlette, uvicorn and Jinja, which every install has.
"""
