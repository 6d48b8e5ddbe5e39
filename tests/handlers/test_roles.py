"""Organizers give and take roles."""

import pytest
from sqlalchemy import select

from handlers.naming import find_members
from handlers.roles import parse_wish
from models.communities import Listed, Member
from models.roles import Role
from tests.dialogue import Home, Somebody, Talk, plain


async def role_of(chat: Talk, home: Home, somebody: Somebody) -> Role:
    number = await chat.transact(somebody.number)
    ((role,),) = await chat.rows(select(Member.role).where(Member.person_id == number, Member.community_id == home.id))
    return Role(role)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", ("", None)),
        ("12 moderator", ("12", Role.MODERATOR)),
        ("١٢ مشرفة", ("١٢", Role.MODERATOR)),
        ("سلمى علي منسّق", ("سلمى علي", Role.ORGANIZER)),
        ("Omar Volunteer", ("Omar", Role.VOLUNTEER)),
        ("Omar Farouk", ("Omar Farouk", None)),
        ("moderator", ("", Role.MODERATOR)),
    ],
)
def test_who_and_which_role(typed: str, meant: tuple[str, Role | None]) -> None:
    assert parse_wish(typed) == meant


@pytest.mark.parametrize(
    ("who", "found"),
    [("٣", [3]), ("#3", [3]), ("omar", [1]), ("Oma", [1, 2]), ("اسامه", [3]), ("nobody", []), ("9", []), ("\u200f", [])],
)
def test_members_go_by_number_or_name(who: str, found: list[int]) -> None:
    members = [Listed(1, "Omar", Role.VOLUNTEER), Listed(2, "Omaria", Role.VOLUNTEER), Listed(3, "أُسامة", Role.VOLUNTEER)]
    assert [one.person_id for one in find_members(members, who)] == found


async def test_a_role_is_given_by_pressing_and_both_are_told(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("عمر", "ar")
    home = await chat.home(huda, omar)
    listed = await huda.says("/role")
    assert "Warmth has 2 members" in plain(listed.text)
    assert "عمر: volunteer" in plain(listed.text)
    await huda.presses("عمر")
    said = await huda.presses("Role: moderator")
    assert "عمر has a new role in Warmth: moderator." in plain(said.text)
    assert await role_of(chat, home, omar) is Role.MODERATOR
    assert "Warmth" in omar.screen.text


async def test_a_role_is_given_in_words(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.transact(omar.number)
    await huda.says(f"/role {number} مشرف")
    assert await role_of(chat, home, omar) is Role.MODERATOR
    assert "already" in (await huda.says("/role oma moderator")).text
    await huda.says("/role Omar volunteer")
    assert await role_of(chat, home, omar) is Role.VOLUNTEER
    assert "Nobody called Zoe is a member here" in plain((await huda.says("/role Zoe moderator")).text)


async def test_of_two_with_one_name_the_right_one_is_pressed(chat: Talk) -> None:
    huda, omar, other = chat.person("Huda"), chat.person("Omar"), chat.person("Omar")
    home = await chat.home(huda, omar, other)
    number = await chat.transact(other.number)
    asked = await huda.says("/role Omar moderator")
    assert "Who is meant?" in asked.text
    await huda.presses(f"\u2068Omar\u2069 · {number}")
    assert await role_of(chat, home, other) is Role.MODERATOR
    assert await role_of(chat, home, omar) is Role.VOLUNTEER


async def test_the_last_organizer_stays_until_there_is_another(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    assert "at least one organizer" in (await huda.says("/role Huda volunteer")).text
    await huda.says("/role Omar organizer")
    await huda.says("/role Huda volunteer")
    assert await role_of(chat, home, huda) is Role.VOLUNTEER
    assert "for the team's organizers" in (await huda.says("/role Omar volunteer")).text


async def test_forged_buttons_give_nobody_a_role(chat: Talk) -> None:
    huda, omar, mallory = chat.person("Huda"), chat.person("Omar"), chat.person("Mallory")
    home = await chat.home(huda, omar, code="codeaaaa")
    other = await chat.home(mallory, name="Elsewhere", code="codebbbb")
    numbers = {one.app.id: await chat.transact(one.number) for one in (huda, omar, mallory)}

    async def forge(who: Somebody, community: int, member: Somebody | int, role: object) -> None:
        number = member if isinstance(member, int) else numbers[member.app.id]
        await who.presses_on(who.screen, data=f"role_set:{community} {number} {role}:0")

    await forge(omar, home.id, omar, 3)
    await forge(mallory, home.id, mallory, 3)
    await forge(mallory, other.id, omar, 3)
    await forge(huda, home.id, mallory, 3)
    await forge(huda, home.id, omar, 7)
    await forge(huda, home.id, 10**17, 3)
    await forge(huda, 10**17, omar, 3)
    await mallory.presses_on(mallory.screen, data=f"role_page:{home.id} 0:0")
    assert "Omar" not in mallory.screen.text
    members = select(Member.community_id, Member.person_id, Member.role).order_by(Member.community_id, Member.person_id)
    assert await chat.rows(members) == [
        (home.id, numbers[huda.app.id], Role.ORGANIZER),
        (home.id, numbers[omar.app.id], Role.VOLUNTEER),
        (other.id, numbers[mallory.app.id], Role.ORGANIZER),
    ]


async def test_many_members_stand_on_pages(chat: Talk) -> None:
    huda, *others = (chat.person(name) for name in ("Huda", "A", "B", "C", "D", "E", "F", "G"))
    await chat.home(huda, *others)
    await huda.says("/role")
    assert "G: volunteer" not in plain(huda.screen.text)
    assert "G: volunteer" in plain((await huda.presses("More")).text)
    assert "A: volunteer" in plain((await huda.presses("Earlier")).text)
