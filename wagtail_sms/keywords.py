"""What a person asks for in a reply: to leave, to come back, to get help; or a text for people to read.

Leaving may be worded in any reasonable way (FCC 47 CFR 64.1200(a)(10)) and in any of these languages, whatever
the site's own. A wrong STOP costs less than a missed one, and START undoes it; yet what only mentions a stop
("bus stop 12", "don't stop") goes to people. START must be the whole text, HELP too but for politeness.
"""

import re
import unicodedata
from enum import StrEnum


class Keyword(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"
    REVIEW = "review"


# Enough as the whole text. To be reviewed by speakers.
STOP_WORDS = {
    "en": "stop, stopall, stop all, end, end all, quit, cancel, revoke, opt out, unsubscribe, unsub, remove, td,"
    " stop2end, stop2quit, stpo, sotp, unsuscribe, unsubcribe, unsubscibe, unsubscrib",
    "fr": "stop, arrêt, arrête, arrêter, arrêtez, arrett, désabo, désabonner, désabonnez, désabonnement,"
    " désinscrire, désinscription, désinscrivez, fin, résilier",
    "es": "stop, baja, alto, para, parar, pare, paren, cancelar, no más, darme de baja",
    "pt": "stop, parar, pare, sair, cancelar, remover, descadastrar",
    "de": "stop, stopp, stoppen, abmelden, abmeldung, abbestellen, abbestellung, ende, aufhören, kündigen",
    "it": "stop, ferma, fermare, basta, cancella, cancellami, cancellare, disiscrivi, disiscrivimi",
    "nl": "stop, stoppen, afmelden, uit, uitschrijven",
    "sv no da": "stopp, stop, avsluta, avregistrera, avmeld, avslutt, afmeld, afslut",
    "pl": "stop, koniec, wypisz, rezygnuję",
    "ar": "توقف, إيقاف, ايقاف, قف, إلغاء, إلغاء الاشتراك, ستوب",
    "ru": "стоп, отписаться, отпишите, отписка, отпиши, отмена, отменить, хватит",
}
HELP_WORDS = "help, info, aide, ayuda, hilfe, aiuto, ajuda, hulp, hjälp, hjelp, hjælp, pomoc, помощь, مساعدة"
START_WORDS = "start, unstop, старт"

# At the head of a short text they leave no doubt, whatever follows.
STRONG_WORDS = (
    "stop, stopall, stopp, unsubscribe, unsub, optout, opt out, arrêt, arrêter, arrêtez, désabonner, désabonnez,"
    " désinscrire, désinscrivez, parar, paren, abmelden, abbestellen, disiscrivi, cancellami, disiscrivimi,"
    " afmelden, uitschrijven, avregistrera, wypisz, стоп, отпишите, отписаться, إيقاف, توقف"
)
STRONG_LENGTH = 5
# They have no other meaning, wherever they stand.
UNMISTAKABLE = (
    "unsubscribe, unsub, optout, opt out, stopall, désabonner, désabonnez, désabonnement, désinscrire,"
    " désinscrivez, désinscription, darme de baja, disiscrivi, disiscrivimi, отписаться, отпишите"
)
# Everyday words of some language: enough alone, but no reason to look at a longer text.
EVERYDAY_WORDS = "end, fin, ende, uit, td, alto, baja, para, pare, ferma, basta, قف"
# Said around a request without changing it.
COURTESY = (
    "please, pls, plz, kindly, just, now, ok, okay, yes, hi, hello, hey, sir, madam, thanks, thank, thx, ty, you, me,"
    " svp, stp, sil, vous, te, plait, merci, bonjour, moi, por, favor, gracias, hola, obrigado, obrigada, bitte,"
    " danke, hallo, mich, per, favore, grazie, alstublieft, aub, dank, mij, proszę, пожалуйста, меня, من, فضلك"
)
ASKING = (
    "i, want, wish, would, id, like, to, need, can, could, u, reply, text, send, my, number, it, all, immediately,"
    " je, veux, voudrais, maintenant, quiero, quero, ich, möchte, will, voglio, ik, wil, от"
)
NEGATIONS = (
    "dont, do not, cant, cannot, wont, doesnt, didnt, isnt, never, not, non, ne, pas, no, nicht, nie, niet, inte,"
    " ikke, не, لا"
)
REFUSALS = (
    r"\b(?:dont|do not|never) (?:ever )?(?:text|send|message|contact)(?: \w+){0,4}"
    r" (?:again|any ?more|messages?|texts?|sms)\b",
    r"\b(?:dont|do not|no longer) (?:want|wish)(?: \w+){0,4} (?:messages?|texts?|sms)\b",
    r"\bno more (?:messages?|texts?|sms)\b|^leave me alone\b",
    r"\bne m ?(?:envoyez|ecrivez|contactez)(?: \w+)? plus\b|^plus de (?:sms|messages?)$",
    r"\bne veux plus (?:recevoir|de)\b",
    r"\bno quiero (?:mas|recibir)\b|\bnao quero (?:mais|receber)\b|\bnon voglio (?:piu|ricevere)\b",
    r"\bkeine (?:weiteren )?(?:sms|nachrichten) mehr\b|\bgeen (?:sms|berichten) meer\b",
    r"\bне (?:пишите|присылаите)\b",
)
REQUESTS = (
    r"\bstop (?:texting|sending|messaging|contacting|spamming|bothering|writing)\b",
    r"\b(?:cancel|end|stop|quit)(?: (?:my|the|these|those|this|your|all))*"
    r" (?:subscription|sms|texts?|messages?|alerts?|notifications?)$",
    r"\b(?:take|remove|delete|get) (?:me|my number) (?:off|from|out)\b|^(?:remove|delete) (?:me|my number)$",
    r"\blose my number\b|\b(?:deme|denme|dame|dar) de baja\b",
)
# "Stop by tonight?" is a visit.
NOT_LEAVING = re.compile(r"^stop (?:by|over|at|in|off|here|there|sign|motion|watch)\b")
LONGEST_READ = 1000


def classify(text: str) -> Keyword | None:
    """The keyword of a reply; REVIEW when it speaks of stopping without asking; None for any other text.

    YES, OUI, SI and JA are no START here: they mean something only to who was asked.
    """
    said = _fold(text[:LONGEST_READ])
    polite = _without(said, _COURTESY)
    if _is_stop(text, said, polite):
        return Keyword.STOP
    if _joined(said) in _START:
        return Keyword.START
    if _joined(said) in _HELP or _joined(_without(polite, _ASKING)) in _HELP:
        return Keyword.HELP
    mentioned = _SUSPECT.intersection(said.split()) or _SUSPECT_PHRASE.search(said)
    return Keyword.REVIEW if mentioned else None


def _is_stop(text: str, said: str, polite: str) -> bool:
    whole, words = {_joined(said), _joined(polite)}, set(polite.split())
    only_stop_words = bool(whole & _STOP) or bool(words) and words <= _STOP
    if only_stop_words or _clauses(text) & _SUSPECT or any(refusal.search(said) for refusal in _REFUSALS):
        return True
    if _NEGATED.search(said):
        return False
    if _UNMISTAKABLE.search(said) or any(request.search(said) for request in _REQUESTS):
        return True
    wanted = _without(polite, _ASKING)
    if _joined(wanted) in _SUSPECT and not text.rstrip().endswith("?"):
        return True
    return any(_opens_strongly(text, heard) for heard in (said, polite, wanted))


def _opens_strongly(text: str, said: str) -> bool:
    words = len(said.split())
    if words > STRONG_LENGTH or NOT_LEAVING.search(said):
        return False
    asks = text.rstrip().endswith("?") and words > 2
    return not asks and _STRONG.match(said) is not None


def _clauses(text: str) -> set[str]:
    return {_joined(_fold(clause)) for clause in re.split(r"[.!?,;:]+(?:\s|$)|\n", text[:LONGEST_READ])}


def _fold(text: str) -> str:
    """Lower case without accents, marks, punctuation and invisible characters; one space between words."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("🛑", " stop ").replace("ł", "l")
    letters = []
    for character in unicodedata.normalize("NFKD", plain):
        category = unicodedata.category(character)
        if character in "'’‘ʼ`´" or category in ("Cf", "Mn", "Me"):
            continue
        letters.append(character if category[0] in "LN" else " ")
    return re.sub(r"(\w)\1{2,}", r"\1", " ".join("".join(letters).split()))


def _without(said: str, dropped: frozenset[str]) -> str:
    return " ".join(word for word in said.split() if word not in dropped)


def _joined(said: str) -> str:
    """Without spaces, so that "S T O P", "opt-out" and "OPTOUT" are one word."""
    return said.replace(" ", "")


def _words(listed: str) -> list[str]:
    return [_fold(word) for word in listed.split(",")]


def _any_of(listed: str) -> str:
    return "|".join(map(re.escape, _words(listed)))


_STOP = frozenset(_joined(word) for words in STOP_WORDS.values() for word in _words(words))
_START = frozenset(map(_joined, _words(START_WORDS)))
_HELP = frozenset(map(_joined, _words(HELP_WORDS)))
_COURTESY = frozenset(_words(COURTESY))
_ASKING = frozenset(_words(ASKING))
_SUSPECT = _STOP - frozenset(_words(EVERYDAY_WORDS))
_SUSPECT_PHRASE = re.compile(r"\b(?:opt(?:ing|ed)? out|unsub\w*)\b")
_STRONG = re.compile(rf"(?:{_any_of(STRONG_WORDS)})(?: |$)")
_UNMISTAKABLE = re.compile(rf"\b(?:{_any_of(UNMISTAKABLE)})\b")
_VERBS = rf"{_any_of(STRONG_WORDS)}|{_any_of(UNMISTAKABLE)}|end|quit|cancel|remove|take|delete|get|lose"
_NEGATED = re.compile(rf"\b(?:{_any_of(NEGATIONS)}) (?:.* )?(?:{_VERBS})\b")
_REFUSALS = [re.compile(refusal) for refusal in REFUSALS]
_REQUESTS = [re.compile(request) for request in REQUESTS]
