#include <config.h>

#include "provider/internal.h"

#include <string.h>

enum inbound_verdict
inbound_judge(struct arena *a, const struct conf_system *system, const struct inbound *r,
              int64_t now, struct inbound_answer *answer)
{
    const struct webhook_def *def = &system->definition->webhook;

    memset(answer, 0, sizeof *answer);
    if (challenge_answer(a, def, r, false, answer))
        return INBOUND_CHALLENGE;
    if (!verify_request(a, system, r, now, answer)) {
        answer->status = def->bad_signature_status;
        return INBOUND_REFUSE;
    }
    answer->text = NULL;
    if (challenge_answer(a, def, r, true, answer))
        return INBOUND_CHALLENGE;
    answer->status = def->ack.status;
    answer->content_type = def->ack.body != NULL ? def->ack.content_type : NULL;
    answer->body = def->ack.body;
    answer->body_len = def->ack.body != NULL ? strlen(def->ack.body) : 0;
    return INBOUND_ACCEPT;
}
