"""What answers where there is nothing."""

from typing import Any, NoReturn

from django.http import Http404
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.views import APIView


class Unknown(APIView):
    """Answer 404 with a problem, as everything else here does."""

    permission_classes: Any = (IsAuthenticated,)
    schema = None

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> NoReturn:
        """No method finds anything."""
        raise Http404


class Nowhere(Unknown):
    """Answer so beside every version of the API, whoever asks."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
