"""Moto as an ASGI-servable application: hypercorn speaks HTTP/2 with prior knowledge, which moto's own server does not."""
from moto.server import DomainDispatcherApplication, create_backend_app

app = DomainDispatcherApplication(create_backend_app)
