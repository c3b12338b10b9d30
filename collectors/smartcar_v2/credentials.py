"""Who asks v2.0: an owner, somebody who has just become one, or the application itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from collectors.calls import bearer
from collectors.errors import ApplicationMustAct, CollectError, TokenRefused
from collectors.smartcar_v2.protocol import basic, management_basic
from collectors.tokens import TokenStore


@dataclass(frozen=True, slots=True)
class OwnersToken:
    """A vehicle's owner, through the token store; a 401 is worth one refresh."""

    tokens: TokenStore
    owner_id: str

    async def header(self) -> str:
        """The owner's access token."""
        return bearer(await self.tokens.access(self.owner_id))

    async def after_refusal(self, refused: str, error: TokenRefused) -> str:
        """The token after a refresh."""
        del error
        return bearer(await self.tokens.renewed(self.owner_id, refused.removeprefix(bearer(""))))

    def given_up(self, error: TokenRefused) -> CollectError:
        """The owner has to connect again."""
        return error


@dataclass(frozen=True, slots=True)
class NewToken:
    """An access token just received for a code, before it is known whose it is."""

    access: str = field(repr=False)

    async def header(self) -> str:
        """That token."""
        return bearer(self.access)

    async def after_refusal(self, refused: str, error: TokenRefused) -> str:
        """There is no other."""
        del refused
        raise error

    def given_up(self, error: TokenRefused) -> CollectError:
        """There was no other to try."""
        return error


@dataclass(frozen=True, slots=True)
class ManagementToken:
    """The application itself, through its management token."""

    token: str = field(repr=False)

    async def header(self) -> str:
        """That token as Basic credentials."""
        return management_basic(self.token)

    async def after_refusal(self, refused: str, error: TokenRefused) -> str:
        """There is no other."""
        del refused
        what = "The management token is not the application's: check CHARGELAKE_SMARTCAR__MANAGEMENT_TOKEN."
        raise ApplicationMustAct(error.at, what)

    def given_up(self, error: TokenRefused) -> CollectError:
        """There was no other to try."""
        return error


@dataclass(frozen=True, slots=True)
class ApplicationBasic:
    """The application itself, through its own id and secret."""

    client_id: str
    client_secret: str = field(repr=False)

    async def header(self) -> str:
        """Both as Basic credentials."""
        return basic(self.client_id, self.client_secret)

    async def after_refusal(self, refused: str, error: TokenRefused) -> str:
        """There is no other."""
        del refused
        raise ApplicationMustAct(error.at, "Client id and secret do not fit together: check the settings of both.")

    def given_up(self, error: TokenRefused) -> CollectError:
        """There was no other to try."""
        return error
