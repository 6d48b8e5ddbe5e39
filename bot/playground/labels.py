"""The words of the page itself, for one reader."""

from functools import lru_cache

from handlers.words import Said, Words


@lru_cache(maxsize=16)
def labels(words: Words) -> dict[str, Said]:
    """Every word on the page that is not in a message, by the name that the templates use."""
    say = words.say
    return {
        # The page
        "title": say("Himma, the playground"),
        "tagline": say("A team to try things in: four people, their group, and the bot as it is on Telegram and Discord."),
        "clock": say("Time in the playground"),
        "later_hour": say("+1 hour"),
        "later_day": say("+1 day"),
        "later_hour_hint": say("Move the time on by one hour"),
        "later_day_hint": say("Move the time on by one day"),
        "phones": say("Phones"),
        "other_language": say("Read this page in the other language"),
        "skip": say("Skip to the phones"),
        "lost": say("The connection was lost. It comes back by itself."),
        "noscript": say("This page needs JavaScript: it shows messages as they come."),
        # How to connect Telegram
        "connect": say("Connect Telegram"),
        "connect_title": say("Connect Telegram in five steps"),
        "connect_1": say("In Telegram, open a chat with @BotFather and send /newbot. It asks for a name and gives a token."),
        "connect_2": say("Beside the Makefile, make a file config.toml with these two lines:"),
        "connect_3": say("Start Himma again with make run: now it answers on Telegram."),
        "connect_4": say("Add the bot to your group on Telegram."),
        "connect_5": say("Send /setup in that group. Whoever does so is its organizer."),
        "connect_discord": say("Discord is connected in five steps too: the file README.md tells them."),
        "close": say("Close"),
        # A phone
        "VOLUNTEER": say("Volunteer"),
        "MODERATOR": say("Moderator"),
        "ORGANIZER": say("Organizer"),
        "chats": say("Chats"),
        "bot": say("Himma"),
        "bot_is": say("bot"),
        "messages": say("Messages"),
        "unread": say("unread"),
        "you": say("You"),
        "edited": say("edited"),
        "sent": say("Sent"),
        "handled": say("Received"),
        "picture": say("Picture"),
        "file": say("File"),
        "typing": say("Himma is typing"),
        "buttons": say("Buttons of this message"),
        "opens_chat": say("opens the private chat"),
        "empty_group": say("Nothing has been said here yet."),
        "about": say("What can this bot do?"),
        "about_text": say(
            "Himma brings small tasks to people who have a few minutes, and their thanks back. Everything it does here, "
            "it does on Telegram and Discord."
        ),
        "start": say("Start"),
        # The composer
        "message": say("Message"),
        "message_group": say("Message to the group"),
        "send": say("Send"),
        "attach": say("Attach a picture"),
        "detach": say("Remove the picture"),
        "suggestions": say("Commands"),
        # What did not work
        "too_big": say("This file is larger than 20 MB."),
        "too_long": say("This message is longer than 4096 characters."),
        "failed": say("That did not work. Please try again."),
    }
