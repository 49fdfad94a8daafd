noinst_LIBRARIES += liblcrypto.a
liblcrypto_a_SOURCES = \
	src/crypto/digest.c \
	src/crypto/digest.h \
	src/crypto/jws.c \
	src/crypto/jws.h
