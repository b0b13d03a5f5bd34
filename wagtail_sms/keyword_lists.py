"""The words of `keywords.py`, by language where it matters. All languages count on every site.

The words that laws, carriers and providers name are among them (47 CFR 64.1200(a)(10), MessageBird's own list). To be
reviewed by speakers. They are compared without accents, marks and capitals.
"""

# Enough as the whole text.
STOP_WORDS = {
    "en": "stop, stopall, stop all, end, end all, quit, cancel, revoke, opt out, unsubscribe, unsub, remove, td,"
    " stop2end, stop2quit, stpo, sotp, unsuscribe, unsubcribe, unsubscibe, unsubscrib",
    "fr": "stop, arrêt, arrête, arrêter, arrêtez, arrett, désabo, désabonner, désabonnez, désabonnement,"
    " désinscrire, désinscription, désinscrivez, fin, résilier",
    "es": "stop, baja, alto, para, parar, pare, paren, cancelar, detener, no más, darme de baja, desuscribir,"
    " cancele, cancelen",
    "pt": "stop, parar, pare, sair, cancelar, remover, descadastrar, descadastre, cancele, parem",
    "de": "stop, stopp, stoppen, halt, abmelden, abmeldung, abbestellen, abbestellung, austragen, ende, aufhören,"
    " kündigen, kündige",
    "it": "stop, ferma, fermare, basta, cancella, cancellami, cancellatemi, cancellare, disiscrivi, disiscrivimi,"
    " disiscrizione, smettila, smettetela, fermatevi",
    "nl": "stop, stoppen, afmelden, uit, uitschrijven, opzeggen",
    "sv no da": "stopp, stop, stoppa, sluta, avsluta, avregistrera, avmeld, avanmäl, avslutt, säg upp, afmeld,"
    " afmelde, afmeldes,"
    " frameld, afslut, opsig",
    "pl": "stop, koniec, zatrzymaj, wypisz, wypisać, rezygnuję, rezygnacja, zrezygnować, odsubskrybuj",
    "ar": "توقف, إيقاف, ايقاف, قف, أوقف, إلغاء, إلغاء الاشتراك, ستوب, كفى",
    "ru": "стоп, остановить, остановите, прекратить, прекратите, отписаться, отпишите, отписка, отпиши, отпишись,"
    " отстаньте, отмена,"
    " отменить, хватит",
}
HELP_WORDS = "help, info, aide, ayuda, hilfe, aiuto, ajuda, hulp, hjälp, hjelp, hjælp, pomoc, pomocy, помощь, مساعدة"
START_WORDS = "start, unstop, begin, resume, revert, nonarrêt, старт, ابدأ"

# At the head of a short text they leave no doubt, whatever follows.
STRONG_WORDS = (
    "stop, stopall, stopp, unsubscribe, unsub, optout, opt out, arrêt, arrêter, arrêtez, désabonner, désabonnez,"
    " désinscrire, désinscrivez, parar, paren, abmelden, abbestellen, disiscrivi, cancellami, disiscrivimi,"
    " afmelden, uitschrijven, avregistrera, avanmäl, afmeld, frameld, wypisz, wypiszcie, стоп, отпишите, отписаться,"
    " прекратите, остановите, إيقاف, توقف"
)
# They have no other meaning, wherever they stand.
UNMISTAKABLE = (
    "unsubscribe, unsub, optout, opt out, stopall, désabonne, désabonner, désabonnez, désabonnement, désinscrire,"
    " désinscrivez, désinscription, darme de baja, desuscribir, disiscrivi, disiscrivimi, disiscrivermi,"
    " disiscrizione, отписаться, отпишите, إلغاء الاشتراك"
)
# Everyday words of some language: enough alone, but no reason to look at a longer text.
EVERYDAY_WORDS = "end, fin, ende, uit, td, alto, baja, para, pare, ferma, basta, halt, koniec, قف"
# What else makes people look at a text: beginnings of words for leaving, and phrases.
SUSPECT_STEMS = (
    r"opt(?:ing|ed)? out|unsub|non ?stop|desabonn|desinscri|resili|de baja|parem|abmeld|abbestell|kundig|fermate|"
    r"disiscri|cancell|smett|opzegg|uitschrij|avslut|avanmal|afmeld|frameld|opsig|wypis|rezygn|zrezygn|przesta|anul|"
    r"отпис|отмен|останов|прекрат|перестан"
)

# Said around a request without changing it.
COURTESY = (
    "please, pls, plz, kindly, just, now, ok, okay, yes, hi, hello, hey, sir, madam, thanks, thank, thx, ty, you, me,"
    " svp, stp, s, il, vous, te, plait, merci, bonjour, moi, por, favor, gracias, hola, obrigado, obrigada, bitte,"
    " danke, hallo, mich, per, favore, grazie, alstublieft, aub, graag, dank, mij, tack, tak, mig, proszę, dziękuję,"
    " mnie, пожалуйста, спасибо, меня, من, فضلك, فضلكم"
)
ASKING = (
    "i, want, wish, would, id, like, to, need, can, could, u, reply, text, send, my, number, it, all, immediately,"
    " je, j, veuillez, veux, voudrais, souhaite, maintenant, quiero, quero, ich, möchte, will, voglio, ik, wil,"
    " jag, vill, jeg,"
    " vil, gerne, chcę, хочу, от, أريد"
)
NEGATIONS = (
    "dont, do not, cant, cannot, wont, doesnt, didnt, isnt, never, not, non, ne, n, pas, no, nicht, nie, niet, inte,"
    " ikke, не, لا"
)
