"""Requests in whole phrases, as regular expressions over texts in lower case without accents and marks.

`m ` is the French elision that stood before an apostrophe.
"""

MESSAGES = (
    r"(?:messages?|texts?|sms\w*|mensajes|mensagens|mensagem|nachrichten|messaggi|berichten|meddelanden|beskeder|"
    r"wiadomosci|сообщени\w*|смс|рассылк\w*|(?:ال)?رسايل)"
)

# A refusal holds although it is a negation.
REFUSALS = (
    # en
    r"\b(?:dont|do not|never) (?:ever )?(?:text|send|message|contact)(?: \w+){0,4}"
    r" (?:again|any ?more|messages?|texts?|sms)\b",
    r"\b(?:dont|do not|no longer) (?:want|wish)(?: \w+){0,4} (?:messages?|texts?|sms)\b",
    r"\bno more (?:messages?|texts?|sms)\b|^leave me alone\b|\blaissez moi tranquille\b|\bdejenme en paz\b",
    r"\b(?:dont|do not) want (?:these|this|them)(?: any ?more)?$|^no more$",
    # fr
    r"\bn(?:e m?)? ?(?:envoyez|ecrivez|contactez)(?: \w+)? plus\b|^plus (?:de|aucun) (?:sms|messages?)$",
    r"\bne (?:veux|souhaite|desire) plus (?:recevoir|de)\b|\bne plus (?:me? )?(?:envoyer|ecrire|contacter|recevoir)\b",
    # es, pt
    r"\bno quiero (?:mas (?:mensajes|sms)|mas$|recibir)\b|\bno mas (?:mensajes|sms)\b",
    r"\bno (?:me )?(?:mand|envi|escrib)\w*(?: mensajes)? mas\b",
    r"\bnao (?:quero (?:mais (?:mensagens|sms)|mais$|(?:mais )?receber)|(?:me )?(?:mand|envi|escrev)\w* mais)\b",
    r"\bno (?:mand|envi|escrib)\w* mas$",
    rf"\b(?:chega|basta) de {MESSAGES}\b",
    # de, nl
    rf"\bkeine (?:weiteren {MESSAGES}|{MESSAGES} mehr)\b|\b(?:schreib|schick)\w*(?: sie)? mir nicht mehr\b",
    rf"\bgeen (?:\w+ )?{MESSAGES} meer\b|\bniet meer (?:sturen|schrijven|ontvangen|berichten)\b|^geen reclame\b",
    # it
    r"\bnon (?:voglio (?:piu (?:messaggi|sms|ricevere)|piu$|ricevere)|(?:mi )?(?:mand|scriv|invi|contatt)\w* piu)\b",
    rf"\bbasta {MESSAGES}\b",
    # sv, no, da
    rf"\b(?:inga|inte|ikke|ingen)(?: ha| have)? (?:fler |flere ){MESSAGES}\b|\binte ha (?:fler )?{MESSAGES}\b",
    rf"^inga {MESSAGES}$",
    # pl, ru, ar
    rf"\bnie chce (?:\w+ ){{0,3}}{MESSAGES}\b|\bnie (?:pis|wysyl)\w*(?: \w+){{0,3}} wiecej\b",
    r"^nie pisz\w*(?: do mnie)?$",
    r"\bне (?:пишите|присылаите|шлите)\b|\bне (?:хочу (?:больше )?получать|надо (?:мне )?(?:писать|присылать))\b",
    r"\bلا (?:ترسل\w*|(?:اريد (?:\w+ )?)?(?:ال)?رسايل)\b|\bбольше не (?:писать|присылать|слать)\b",
)
REQUESTS = (
    # en
    r"\b(?:stop|quit) (?:texting|sending|messaging|contacting|spamming|bothering|writing)\b",
    r"\b(?:cancel|end|stop|quit)(?: (?:my|the|these|those|this|your|all))*"
    r" (?:subscription|sms|texts?|messages?|alerts?|notifications?)$",
    r"\b(?:take|remove|delete|get) (?:me|my number) (?:off|from|out)\b|^(?:remove|delete) (?:me|my number)$",
    r"\boff (?:this|your|the) list\b",
    r"\blose my number\b|\bopt(?:ing)? (?:me )?out\b$|\b(?:delete|remove|take) (?:my|this) number\b",
    r"^(?:please )?end these\b",
    # fr
    r"\b(?:retirez|supprime[rz]|enlevez|effacez) (?:moi|mon numero)\b|\bme (?:retirer|supprimer) de\b",
    r"\barretez? de (?:me? )?(?:envoyer|ecrire|contacter)\b",
    # es, pt
    r"\b(?:deme|denme|dame|dadme|dar) de baja\b|\b(?:dejen?|dejad) de (?:mandar|escribir|enviar|molestar)\w*",
    r"\b(?:borr|elimin|quit|saqu)\w*me de (?:la|esta|su) lista\b|\b(?:borr|elimin|quit|saqu)\w* mi numero\b",
    r"\bcancel\w* (?:(?:a |la )?(?:mi |minha )?)(?:suscripcion|inscricao|assinatura)$",
    r"\bparem? de (?:me )?(?:mandar|enviar|escrever)\b|\b(?:sair|tira\w*|retir\w*)(?: \w+){0,4} lista\b",
    r"\b(?:remov|retir|apag|tir)\w* (?:o )?meu (?:numero|contato)\b|\bme remov\w* d\w+ lista\b",
    # de
    r"\bmelde[tn]?(?: sie)? mich(?: bitte)? ab\b|\blosch\w*(?: sie)?(?: bitte)? meine nummer\b|^nummer loschen$",
    r"\bh(?:or|ort|oren sie) (?:bitte )?auf(?: \w+){0,2} (?:schreiben|schicken|senden)\b",
    r"\blass(?:t|en sie)? mich in ruhe\b",
    r"\bn(?:ehmt|ehmen sie|imm) mich(?: \w+){1,3} (?:liste|verteiler)\b|^(?:aus der liste )?loschen$",
    r"\bliste streichen$|^ich (?:will|mochte) nicht mehr$",
    r"^schluss(?: damit)?$",
    # nl
    r"\bmeld (?:mij|me) af\b|^ik meld me af$|^stop hiermee$|\bschrijf (?:mij|me) uit\b",
    r"\b(?:haal|verwijder) (?:mij|me|mijn nummer)\b|\bmij te verwijderen\b",
    r"\bstop met (?:sms\w*|berichten|sturen|schrijven)\b|\blaat (?:mij|me) met rust\b",
    # it
    r"\bsmett\w* di (?:scriv|mand|invi)\w*|\b(?:toglietemi|toglimi|rimuovetemi|levatemi|cancellatemi|cancellarmi)\b",
    rf"\bcancella(?:te)? il mio numero\b|\bfermate (?:i |gli )?{MESSAGES}\b",
    # sv, no, da
    r"\bsluta (?:skicka|skriva|smsa)\b|\bavsluta (?:min )?prenumeration\w*$|\bta bort (?:mig|mitt nummer)\b",
    r"\b(?:slet|fjern) (?:mig|mit nummer)\b|\bmeld mig fra\b",
    r"\bstop med at (?:skrive|sende)\b",
    # pl
    r"\b(?:usun|wykresl|wypisz)\w* (?:mnie|moj numer)\b|\bprzestan\w*(?: \w+){0,3} (?:pisac|wysylac)\b",
    r"\b(?:anuluj\w*|anulowac) subskrypcj\w*|\bo wypisanie\b|^wypisuje sie$",
    rf"\brezygnuje z {MESSAGES}\b",
    # ru
    r"\b(?:прекратите|остановите|хватит|перестаньте)(?: \w+){0,2} (?:писать|присылать|слать|рассылк\w*)",
    r"\b(?:уберите|удалите) (?:меня|мои номер)\b|\b(?:отменить|отмените) подписку\b|\bотключите рассылку\b",
    r"\bотка[зж]\w* от рассылки\b",
    # ar
    r"\bاحذفوا? رقمي\b|\b(?:اوقفوا?|ايقاف) (?:ارسال )?الرسايل\b|\b(?:الغاء|الغوا) اشتراكي\b|\bتوقفوا عن\b",
)
# What people speak of when they mean our texts, and what they say when they want less of them: both in one text, and
# a person should read it.
OUR_TEXTS = (
    rf"{MESSAGES}|(?:text|send|messag|contact|writ|envo|ecri|mand|envi|escrib|escrev|schreib|schick|send|scriv|invi|"
    r"stuur|stur|schrijv|skick|skriv|pis|wysyl|пис|пиш|присыл|шл)\w*|lists?|liste|lista|listan|listen|lijst|verteiler|"
    r"(?:my|mon|mi|meu|mein|meine|mijn|mitt|mit|moj|мои) (?:number|numero|nummer|numer|номер)|"
    r"subscription|abonnement|suscripcion|inscricao|prenumeration\w*|newsletter|nyhedsbrev|اشتراك\w*|ارسال|الارسال"
)
LESS = (
    r"remov\w*|delet\w*|off|out|enough|retir\w*|supprim\w*|enlev\w*|plus|assez|quit\w*|borr\w*|elimin\w*|basta|dej\w*|"
    r"chega|tir\w*|cancel\w*|losch\w*|kein\w*|mehr|raus|togli\w*|smett\w*|geen|meer|verwijder\w*|inga|ingen|slet|"
    r"fjern\w*|bort|usun\w*|wiecej|удал\w*|убер\w*|больше|хватит|отключ\w*|احذف\w*|توقف\w*|كفي"
)
# "Stop by tonight?" is a visit.
NOT_LEAVING = r"^stop (?:by|over|at|in|off|here|there|sign|motion|watch)\b"
# Who speaks of a mistake may want back in.
MISTAKES = r"\bby (?:mistake|accident)\b|\bpar erreur\b|\bpor error\b|\bpor engano\b|\bper sbaglio\b|\baus versehen\b"
