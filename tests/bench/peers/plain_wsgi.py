"""What gunicorn serves of the plain site: the package has set Django up by then."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
