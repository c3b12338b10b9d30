"""The errors of v2.0 and v3 as Smartcar's API reference gives them in §10: type, code, status, bodies and headers."""

from dataclasses import dataclass, field

DOCS = "https://smartcar.com/docs/errors/v2.0/"
CONTACT, REAUTHENTICATE, LATER = "CONTACT_SUPPORT", "REAUTHENTICATE", "RETRY_LATER"


@dataclass(slots=True)
class ApiError(Exception):
    """One error; `resolution` is whose move is next, `detail` names what was wrong with the request."""

    type: str
    code: str | None
    status: int
    description: str
    resolution: str | None = None
    detail: object = None
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, request_id: str) -> dict[str, object]:
        """Give the JSON body; its `requestId` equals the `sc-request-id` header of the answer."""
        name = self.type.lower().replace("_", "-")
        body: dict[str, object] = {
            "type": self.type,
            "code": self.code,
            "description": self.description,
            "docURL": f"{DOCS}{name}" + (f"#{self.code.lower().replace('_', '-')}" if self.code else ""),
            "statusCode": self.status,
            "requestId": request_id,
            "resolution": {"type": self.resolution},
        }
        if self.detail is not None:
            body["detail"] = self.detail
        return body

    def body_v3(self) -> dict[str, object]:
        """Give the JSON body as v3 has it: a list of one error, whose status and detail are text."""
        detail = self.description if self.detail is None else _sentence(self.detail)
        title = (self.code or self.type).replace("_", " ").capitalize()
        error = {"status": str(self.status), "type": self.type, "code": self.code, "title": title, "detail": detail}
        resolution = {"resolution": {"type": self.resolution}} if self.resolution else {}
        return {"errors": [error | resolution]}


def _sentence(detail: object) -> str:
    """Write in one line what v2.0 tells as a list of fields."""
    if isinstance(detail, list):
        return "; ".join(f"{each['field']} {each['message']}" for each in detail)
    return str(detail)


@dataclass(slots=True)
class OAuthError(Exception):
    """An error of the token endpoint, in the shape of RFC 6749."""

    error: str
    description: str
    status: int = 400


_STATUS = {
    "AUTHENTICATION": 401,
    "BILLING": 430,
    "COMPATIBILITY": 501,
    "CONNECTED_SERVICES_ACCOUNT": 400,
    "PERMISSION": 403,
    "RATE_LIMIT": 429,
    "RESOURCE_NOT_FOUND": 404,
    "SERVER": 500,
    "UPSTREAM": 502,
    "VALIDATION": 400,
    "VEHICLE_STATE": 409,
}

_RESOLUTION = {
    "AUTHENTICATION": REAUTHENTICATE,
    "BILLING": CONTACT,
    "CONNECTED_SERVICES_ACCOUNT": REAUTHENTICATE,
    "PERMISSION": REAUTHENTICATE,
    "RATE_LIMIT": LATER,
    "SERVER": LATER,
    "UPSTREAM": LATER,
    "VEHICLE_STATE": LATER,
}

_DESCRIPTIONS = {
    ("AUTHENTICATION", None): "The authorization header is missing or malformed, or the access token has expired.",
    ("BILLING", "INVALID_PLAN"): "The application's plan does not include this request.",
    ("BILLING", "ACCOUNT_SUSPENDED"): "The application's account is suspended.",
    ("BILLING", "VEHICLE_LIMIT"): "The application has more vehicles than its plan allows.",
    ("BILLING", "VEHICLE_REQUEST_LIMIT"): "The vehicle has used up its requests of this billing period.",
    ("COMPATIBILITY", "MAKE_NOT_COMPATIBLE"): "This endpoint is not offered for the vehicle's make.",
    ("COMPATIBILITY", "SMARTCAR_NOT_CAPABLE"): "Smartcar does not support this request for the vehicle.",
    ("COMPATIBILITY", "VEHICLE_NOT_CAPABLE"): "The vehicle is not capable of this request.",
    ("PERMISSION", None): "The application has not been granted the permission for this request.",
    ("RATE_LIMIT", "SMARTCAR_API"): "The application has made too many requests.",
    ("RATE_LIMIT", "VEHICLE"): "The vehicle has been asked too often.",
    ("RESOURCE_NOT_FOUND", "PATH"): "The requested path or vehicle does not exist.",
    ("RESOURCE_NOT_FOUND", "VERSION"): "The requested version of the API does not exist.",
    ("RESOURCE_NOT_FOUND", "VEHICLE_NOT_FOUND"): "No such vehicle is connected.",
    ("RESOURCE_NOT_FOUND", "SIGNAL_NOT_FOUND"): "Nothing is stored of this signal.",
    ("RESOURCE_NOT_FOUND", "CONNECTION_NOT_FOUND"): "There is no such connection.",
    ("RESOURCE_NOT_FOUND", "USER_NOT_FOUND"): "There is no such user.",
    ("VALIDATION", "PARAMETER"): "A parameter of the request is not valid.",
}


def failure(
    kind: str, code: str | None = None, *, detail: object = None, retry_after: int | str | None = None
) -> ApiError:
    """Make the error of a type and a code with the status, words and resolution the reference gives it.

    `retry_after` (seconds, or a text put into the header as it is) becomes the `retry-after` header.
    """
    words = _DESCRIPTIONS.get((kind, code), f"{kind}: {code or 'no code'}".replace("_", " ").capitalize() + ".")
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return ApiError(kind, code, _STATUS.get(kind, 500), words, _RESOLUTION.get(kind), detail, headers)


def bad_parameter(name: str, reason: str) -> ApiError:
    """Make the 400 that names one wrong parameter of the request."""
    return failure("VALIDATION", "PARAMETER", detail=[{"field": name, "message": reason}])
