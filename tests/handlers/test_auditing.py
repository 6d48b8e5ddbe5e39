"""Who decided what: written down where it is decided, read by organizers alone."""

from sqlalchemy import select

from models.audit import Action, AuditEntry
from models.roles import Role
from tests.dialogue import Talk, both_platforms, plain


@both_platforms
async def test_decisions_are_written_down_and_organizers_read_them(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    await chat.home(huda, omar)
    await huda.says("/newtask Plant trees")
    await huda.presses("Confirm")
    await huda.says("/role Omar moderator")
    await omar.says("/claim 1")
    await omar.says("/done 1")
    await omar.presses("15 minutes")
    await omar.says("It went well.")
    await huda.says("/review")
    await huda.presses("Approve")
    await huda.says("/settings")
    await huda.presses("Appeals of the team")
    await huda.presses("10 in 24 hours")

    number = await chat.transact(omar.number)
    assert await chat.rows(select(AuditEntry.action, AuditEntry.about, AuditEntry.words).order_by(AuditEntry.id)) == [
        (Action.TASK_MADE, 1, "Plant trees"),
        (Action.ROLE_GIVEN, number, "MODERATOR"),
        (Action.REPORT_APPROVED, 1, "Plant trees"),
        (Action.LIMIT_CHANGED, 10, "daily_appeals"),
    ]
    shown = plain((await huda.says("/audit")).text)
    assert "Huda changed a setting to 10: Appeals of the team" in shown
    assert f"Huda gave number {number} a role: moderator" in shown
    assert "Monday 23 November at 14:00: Huda made task 1, Plant trees" in shown
    assert "for the team's organizers" in (await omar.says("/audit")).text


async def test_the_list_is_paged_and_read_in_arabic_too(chat: Talk) -> None:
    huda, omar = chat.person("هدى", "ar"), chat.person("Omar")
    home = await chat.home(huda, omar)
    for role in (Role.MODERATOR, Role.VOLUNTEER) * 6:
        await huda.says(f"/role Omar {role.name.lower()}")
    first = await huda.says("/audit")
    assert plain(first.text).count("منح دور للرقم") == 10
    older = await huda.presses("السابق")
    assert plain(older.text).count("منح دور للرقم") == 2
    stolen = f"audit_page:{home.id} 0:0"
    await omar.says("/mine")
    assert "for the team's organizers" in (await omar.presses_on(omar.screen, data=stolen)).text
