"""The answers of ideas, one by one."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.database import Row


class AnswerRow(Row):
    """An answer to what an idea's template asks for: a database view over `idea.answers`."""

    __tablename__ = "idea_answer"
    __table_args__ = ({"info": {"is_view": True}},)

    content_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    field: Mapped[str]
    text: Mapped[str]
