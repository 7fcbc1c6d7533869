import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from scope.permissions import refuse_undeclared_views
from scope.power import refuse_bad_settings, refuse_too_much_power

refuse_bad_settings()
refuse_too_much_power()
refuse_undeclared_views()
