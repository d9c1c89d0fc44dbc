"""The site door: what a site asks of the hub, under /site/v1, every request signed but the first."""

from app.web.door.routes import router

__all__ = ["router"]
