"""Why somebody may not, where it is more than that they may not."""

from shared.kernel.refusal import Forbidden, Refusal
from shared.kernel.text import Text


class OwnOperatorRole(Refusal):
    """Only another operator takes the role away, so the last one stays."""

    code = "own-operator-role"
    message = Text(
        ja="自分の運用者権限は外せません。別の運用者に依頼してください。",
        en="You cannot take the operator role from yourself; another operator can.",
    )


class RowsNotYours(Forbidden):
    """Member `rows` names each row of the table of rights that another has to change."""

    code = "rows-not-yours"
    message = Text(
        ja="権限表のうち、他の拠点または全拠点の行は変更できません。",
        en="Rows of the table of rights for other sites, or for every site, are not yours to change.",
    )


class NotForPrograms(Forbidden):
    """What would give somebody a way in, or take it, is done by people: whoever finds a key is not its maker."""

    code = "not-for-programs"
    message = Text(
        ja="プログラムからは、メールアドレス・役割・拠点・有効/無効を変更できず、一般の利用者だけを登録できます。",
        en="A program changes nobody's address, roles, site or registration, and enrols plain members only.",
    )


class SignInAgain(Forbidden):
    """What cannot be undone needs a session that has just begun: not one somebody left open."""

    code = "sign-in-again"
    message = Text(
        ja="取り消せない操作です。改めてサインインしてから行ってください。",
        en="This cannot be undone: sign in again, then ask within fifteen minutes.",
    )
