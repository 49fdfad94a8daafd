noinst_LIBRARIES += libprovider.a
libprovider_a_SOURCES = \
	src/provider/answer.c \
	src/provider/auth.c \
	src/provider/body.c \
	src/provider/bucket.c \
	src/provider/bucket.h \
	src/provider/call.c \
	src/provider/challenge.c \
	src/provider/client_id.c \
	src/provider/counts.c \
	src/provider/form.c \
	src/provider/grant.c \
	src/provider/grant.h \
	src/provider/inbound.c \
	src/provider/inbound.h \
	src/provider/internal.h \
	src/provider/judge.c \
	src/provider/limit.c \
	src/provider/map.c \
	src/provider/meter.h \
	src/provider/page.c \
	src/provider/pair.c \
	src/provider/precondition.c \
	src/provider/provider.c \
	src/provider/provider.h \
	src/provider/quota.c \
	src/provider/readback.c \
	src/provider/request.c \
	src/provider/spot.c \
	src/provider/template.c \
	src/provider/token.c \
	src/provider/token.h \
	src/provider/verify.c \
	src/provider/webhook_event.c \
	src/provider/webhook_items.c \
	src/provider/webhook_map.c
