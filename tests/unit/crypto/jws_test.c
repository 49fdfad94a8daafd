#include <config.h>

#include "../unit.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/jws.h"

#include <stdlib.h>
#include <string.h>

/* Keys made for this test, and nothing else. */
static const char key[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MIIEugIBADANBgkqhkiG9w0BAQEFAASCBKQwggSgAgEAAoIBAQDCpfOFpDDkqZl/\n"
                          "Q1h/JQJcVjGBaTXtGjwzYahATUE4X1XhHdcy7iB1I+TQB+IJG9eJTG50lCMOtX2i\n"
                          "0NetiLhTCkRQquylYg2xSPo4MvIl00fa8/DqgJAnqi7/k+PMoM/RcibzW2SpO3yw\n"
                          "XQYuWhF9C5drv5RW47gQ/VZfbAmPREqU3JJuA+6Crp+U6AlYJbL/KjTRttViLt9R\n"
                          "uevsSTiVflxPDqaSVjz73Kf9zG4CCoIdA/VfTBWsmi+B9Jb/mn0JuCjlxvpMGGsW\n"
                          "bULA/QnUrmWFY/h8v+IJsWVziWD42zVraR6wzVXdTVDB3LV3FF8ZoyA/YH4LvW4J\n"
                          "ltzdBj+VAgMBAAECgf89DzUbojbjOvfW5H2fo462wU3gafbZdGFjp/Wss4oa280p\n"
                          "vC1szJSbbmMkbBC1cfbCbr9RnmqaYaLOPA3pli4c2Uqpuk1dQFAlZw1/mNm16cV2\n"
                          "2h7IlcAQfQPtpenAGB/Kk/9QYjFBLkil22P63TZ/3tShMbFHMnEtLFXRzWXZeyCi\n"
                          "UINhTpyYQHzqXfrw5m45LACIxh+namztau2anxtPJl2hNQ81f527XeGCrBqzb+ul\n"
                          "pjK0BX2BoYusCGxkg+KLjqH5QsORBMzvyGx+PuQTGHUw4MLRx6Tt6AEm44zF9C4u\n"
                          "6V4Zf0CS/43N5m7k8zrc1YmYQwuwfqUDPhnWWvUCgYEA6nqomqOq0QurnVwb4KY5\n"
                          "VFRETcitr9ZKvRT+hZtCbzbQEq8xoOlTPElfz+aueaC4V4h2aDbDeVRwF6v/2PBJ\n"
                          "TT03ROTEB/XoZy2UFstmC+JbrGHvZmcBA70YVQuF6nunmurIxhywKOqhwbQ7x+09\n"
                          "L9LtFnq5YnKyMt8rE1uHyncCgYEA1INsOnjA+PSd12arYJKfMtDbjjFvRVyREAiJ\n"
                          "HZQa1fOf58P3D2SdWvpM5SsEgmGcj/798YYqs7V1yLxuWvzGxV5A5Ja45vtYSWcW\n"
                          "BavkjUmbpY3LYUffOEogmA9rmBhA5I5SBI3YMwf9tTh8MbkWFtN8W6ySEcyaZerU\n"
                          "XLxY/VMCgYA12YOdOBdDuSVplzzDxAkIh+3D22GgL1usvwSRFI4WUoVItTl1lgBK\n"
                          "qSM68OSDBFkxqSJgXqtX0v+HQDYa0VxUQ8nMpakrltsPzxTig0XlVs/s7/T2FJPU\n"
                          "Evpilankpw9f8am4beA7FV+ex9Cu4poZwJw4fGjU5jhsnHodEPlHkwKBgF0Gaont\n"
                          "8gsIiU+REdPkWuvToUhNO3gRXS63jc301wpw6r55edyzHm6EwsROYFryf6ZI6MCh\n"
                          "CnBALp8AXQ5XOGuNJrrpf2cc/ziid3FkHVf7sLZ3q1+aJoxtZncpyN97PmzOH/j+\n"
                          "XnV4OgbqAvOBIbo8OWOn1wkTl0Kl2O//QrUhAoGAMzB9fovd2yu77eLUmEnZA8bI\n"
                          "uB4iubdEw0QVsNSrHE9a/i+WcyvOgYOnSr4jVWW+GmJ+wV/9FOPwo3Cwbpcumegv\n"
                          "YtJuIVYQV29oalHQRk+q9vDD0j/ofFYssmFQ9T8P+G4/pjW0GYPJSv2r5PQrAY4h\n"
                          "wU/PW7y0k87vZG+da+0=\n"
                          "-----END PRIVATE KEY-----\n";

/* The same key as PKCS#1. */
static const char key_pkcs1[] = "-----BEGIN RSA PRIVATE KEY-----\n"
                                "MIIEoAIBAAKCAQEAwqXzhaQw5KmZf0NYfyUCXFYxgWk17Ro8M2GoQE1BOF9V4R3X\n"
                                "Mu4gdSPk0AfiCRvXiUxudJQjDrV9otDXrYi4UwpEUKrspWINsUj6ODLyJdNH2vPw\n"
                                "6oCQJ6ou/5PjzKDP0XIm81tkqTt8sF0GLloRfQuXa7+UVuO4EP1WX2wJj0RKlNyS\n"
                                "bgPugq6flOgJWCWy/yo00bbVYi7fUbnr7Ek4lX5cTw6mklY8+9yn/cxuAgqCHQP1\n"
                                "X0wVrJovgfSW/5p9Cbgo5cb6TBhrFm1CwP0J1K5lhWP4fL/iCbFlc4lg+Ns1a2ke\n"
                                "sM1V3U1Qwdy1dxRfGaMgP2B+C71uCZbc3QY/lQIDAQABAoH/PQ81G6I24zr31uR9\n"
                                "n6OOtsFN4Gn22XRhY6f1rLOKGtvNKbwtbMyUm25jJGwQtXH2wm6/UZ5qmmGizjwN\n"
                                "6ZYuHNlKqbpNXUBQJWcNf5jZtenFdtoeyJXAEH0D7aXpwBgfypP/UGIxQS5Ipdtj\n"
                                "+t02f97UoTGxRzJxLSxV0c1l2XsgolCDYU6cmEB86l368OZuOSwAiMYfp2ps7Wrt\n"
                                "mp8bTyZdoTUPNX+du13hgqwas2/rpaYytAV9gaGLrAhsZIPii46h+ULDkQTM78hs\n"
                                "fj7kExh1MODC0cek7egBJuOMxfQuLuleGX9Akv+NzeZu5PM63NWJmEMLsH6lAz4Z\n"
                                "1lr1AoGBAOp6qJqjqtELq51cG+CmOVRURE3Ira/WSr0U/oWbQm820BKvMaDpUzxJ\n"
                                "X8/mrnmguFeIdmg2w3lUcBer/9jwSU09N0TkxAf16GctlBbLZgviW6xh72ZnAQO9\n"
                                "GFULhep7p5rqyMYcsCjqocG0O8ftPS/S7RZ6uWJysjLfKxNbh8p3AoGBANSDbDp4\n"
                                "wPj0nddmq2CSnzLQ244xb0VckRAIiR2UGtXzn+fD9w9knVr6TOUrBIJhnI/+/fGG\n"
                                "KrO1dci8blr8xsVeQOSWuOb7WElnFgWr5I1Jm6WNy2FH3zhKIJgPa5gYQOSOUgSN\n"
                                "2DMH/bU4fDG5FhbTfFuskhHMmmXq1Fy8WP1TAoGANdmDnTgXQ7klaZc8w8QJCIft\n"
                                "w9thoC9brL8EkRSOFlKFSLU5dZYASqkjOvDkgwRZMakiYF6rV9L/h0A2GtFcVEPJ\n"
                                "zKWpK5bbD88U4oNF5VbP7O/09hST1BL6YpWp5KcPX/GpuG3gOxVfnsfQruKaGcCc\n"
                                "OHxo1OY4bJx6HRD5R5MCgYBdBmqJ7fILCIlPkRHT5Frr06FITTt4EV0ut43N9NcK\n"
                                "cOq+eXncsx5uhMLETmBa8n+mSOjAoQpwQC6fAF0OVzhrjSa66X9nHP84ondxZB1X\n"
                                "+7C2d6tfmiaMbWZ3Kcjfez5szh/4/l51eDoG6gLzgSG6PDljp9cJE5dCpdjv/0K1\n"
                                "IQKBgDMwfX6L3dsru+3i1JhJ2QPGyLgeIrm3RMNEFbDUqxxPWv4vlnMrzoGDp0q+\n"
                                "I1VlvhpifsFf/RTj8KNwsG6XLpnoL2LSbiFWEFdvaGpR0EZPqvbww9I/6HxWLLJh\n"
                                "UPU/D/huP6Y1tBmDyUr9q+T0KwGOIcFPz1u8tJPO72RvnWvt\n"
                                "-----END RSA PRIVATE KEY-----\n";

static const char small_key[] = "-----BEGIN PRIVATE KEY-----\n"
                                "MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBANdb4VwM30Nme2nq\n"
                                "9ug6r+TvJOnfXzMTbsWJnq9180gx4oG0T2XAMfCKz7dfgFMmT/HWQ7M3OgmqHSsG\n"
                                "ZuDaa+MF2h5qxIRYergLQ5mPLUlgYiZ0Do7Edk5cTrgYmwCuG339Ef/ziREPpvmh\n"
                                "jQ2261Fv109tRjc2EJK+6HC2wHq5AgMBAAECgYAFZvykPn5rRmraIVbIRJCdAZK/\n"
                                "eyb8NQSWV/lvFVpg+T9hWZCUUNnv2suTIgYqD8/5lRJlsID4NRg+OA7knRYPtAyW\n"
                                "Wtdj+nyr6pde4xxSqFnt9wgi7BdTJNiHuXlbKZTaWcD0R/rErWn6ku1Z6MRea+R7\n"
                                "nOh3xsrNRJYOq32BwQJBAPl+AUAulVXkuSg9/8Ji0HE2WaPjx4ao4sY8VjRovnNh\n"
                                "ohxTt+43DioRovL2Zg8RBMBxdaOT8/GbgMjqZ34Zwk0CQQDc+fLma8Md5BpobWPY\n"
                                "v5u1xojFQEZFjMLC+CIL5Ez70Er3Rl+LYrn+FabkKsSZy3odMZtIv9v8bPamXrJm\n"
                                "t1gdAkEA4ElqjmxSS9lGquqxleqHQH9/rloC8Qe6dkOfq5XOQKOwvI52d2x/C0q3\n"
                                "lnvz2++MugRFoTxMvRLyf6xaRX6asQJAG1XECWLtOQZdiet2PXq+XUcY5iWkS7g0\n"
                                "439kXso4B7Jlg58t9IUa8uZkxbbQqSG1kmTvi5lIMjqcbEoskW4+tQJALQG7F7qT\n"
                                "8T9lmxieDCmBCzoN0u8p2gaSgZEuPp7IdiGzkkGFkXQQ9fjSoGHvfq+WLMZA9RCx\n"
                                "SmE42i+nIbRGuw==\n"
                                "-----END PRIVATE KEY-----\n";

static const char ec_key[] = "-----BEGIN EC PRIVATE KEY-----\n"
                             "MHcCAQEEIMsCCNGWQlBn9mFbMTTDkcvLD5juIURbVCSUOvgsAoj6oAoGCCqGSM49\n"
                             "AwEHoUQDQgAEsMtBlPsaZC4QkJed4YxxeXlwpz5U+Hw1N/jfTwbxgeeWj29HwZqH\n"
                             "hyEfd4DDCs4Vf2kXD+JLCkPqqyjLRdRqsg==\n"
                             "-----END EC PRIVATE KEY-----\n";

static const char locked_key[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIIFHTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIeryvekBAxr8CAggA\n"
    "MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAECBBBJLSm5y42QxfrVTHPT+ZMnBIIE\n"
    "wDazmF2Y6OcPW4p7Jr89A7lhbdMHitV92HYYAnZr2f+E8307h7t2DXZTok/Jx9lk\n"
    "kA+Nvk/rslmuCkKc1CKn0t/WTDNn44FM0mhCCM06b0x/7r9coUQh+UdF2VIqfXzo\n"
    "W7MQnyu5cj/PTOxJ8/P+vRfMNUPOd4uhRy1/wPXkdS8FlAxuBVku6tstqskq+syj\n"
    "Uq7ZPkv4oPbzWz5eFIIdjq1yxzUDvafmopY1z9sqY5DsG+mvNk9MQqgXhzJp3YMb\n"
    "24jHQ68XESnT+bjocktS/8/UpsCpSg7IMX5wGnw7xGMQ5NVjChHQSJb62fcDJjK2\n"
    "zXx2FxLKzWhSA3ZBkWQYau3+xaro3Yk9cBNXqjYXYJLLzgava07yyVlpp4tYZDTf\n"
    "s4/ymI9VULtz4DctNyGLZoXGNIUs2S9GAMlu5F/TUYZ08EKJGeRoRiTgtgS0G1D0\n"
    "kjiLBwhiYmqUsPoz9tV1plzHdvUszqq21XWtqRYUMHzeh0qoXNXq+luyYe2bceyK\n"
    "n94KD/kx+ScfC8jVJe8uCz0wcBkNUGuCijRxQ/tgaxpit3qU+CI9BnFC2kdTHtF2\n"
    "QN9r+DcfKxpYiWyf7qnjf7A4t2Wuc9bHvQ2T388MAZMh3q4i+Te9M+b5zS19BGT+\n"
    "WdJpi7E3PjIJKcthFBwKgGHchIvmJRnsnrYCv2FIvxGiP23eJbWuwKc8JPJcy7lk\n"
    "xeSgUwiYk8JOund7ZlFPpmObjgputGwM/COat0IIRIwiPNzxpO6u18dgv2HOrUAy\n"
    "X6JNc/Dh5D+h1tVkBPuouXaWU23juErdg5/C9m+ddgoy96ua7BDFP4+2ajH/eOXz\n"
    "3F5tF5pSVpSZNZkQOfYw21R1UVCpmxcLR4VgOXz/F+kpIWZHpQ063SUeH3sASTpi\n"
    "+sgOylPOh9r2nH3XC51ngWBFEuoineEodIMtc8bhfpXDuJ49KFe2KFXQCByidBWM\n"
    "wgYhER06e/Mf4wVnm4cR5VN8ioYgMQ0zpHcREbSsAqj67k2I2rrvssYpy9/EA4Ni\n"
    "NcJo/tNLCvkd4h4+Jm8iB5zd5/OJNv7OIYXB5fouTkoXq517Tf6GfgkPQJpQ6hVe\n"
    "1TKDalHBJVdYYe1uDlIJ1wUzlq5znYlj/e1XgCb5211bz3dlr2VwgZ0/pNQQcr1/\n"
    "+scJCstzG9cPJZVM4KcqlY414nRQVlXm0+3MY0iDnpkyvEZ3vweEvfTq9vJ9z0Nf\n"
    "S+6WYhPII2R3UbnUJXESdWOEfE4ZMpgVHmKYHBEAGFLXsjpHkuRkl5kT1deiKSig\n"
    "2BlODJCOK5D8bId89QTdP51ij+2V97XpcC3SpdX35jrFKc86RRHSGsnb3Q9YcPYX\n"
    "mssRP179hTtHcvzTC2WrSrd87rA7vsLzplFmaElzjM3WMi9TQL9mat5jYwYOA+or\n"
    "kFN05vsN2zCwVRR54RfoPGtQbO9N2geky9i4UQCkEPRqoAN2xL3f1tJWfM+FJ1M5\n"
    "T7sd4Bsg/iOo7xGGWFXwyxX7MroAEDBIyUiZoFgV/65rq6BOkTMhccqzV+UVokJU\n"
    "mx8z1OImVmTjTPwL3G/9zlT0TSD3YwkYyjhgZf676GMdS6iLWbEVTI42tgOytjms\n"
    "G5LHfYZATTOjlWNZC7HKSQE=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

/* By openssl dgst -sha256 -sign, and checked by arithmetic: signature ^ 65537 mod n. */
static const char want[] =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJ1cyIsImV4cCI6MTcwMDAwMDMwMH0."
    "HP-LNxR4-lu3A3Xlq524__fXFuYAxOFiPMo-y1wSMQLIKduM9Ok7Ls9qJIR-ogfPxSW2lt0SmyEpIR6v"
    "UA7Ngd3595TPh9xe1VxS4gW4Tl8OKLz78clMxNj8LYdLALW3hvGYtaTqYSlmd2HOB3cj5qpNxy2MPDza"
    "bEGotM_nlWsWMV5AmDaI3eDchFB8rG5ZjsqjjlPTSwh5okyLX1x4DX_Xb-vP8cy5e1dG3mYNp_ASXG3Q"
    "oOabh0iTUtWKry-d0E_UBQXk00oVx5UfGGjiMhYCzNeisjbksBPJIkwR0T_WFlpVfwiZuKNOidRPWmie"
    "bf8IytjZRv5PDs82RChg3g";

START_TEST(signs_as_the_standard_says)
{
    struct err err = ERR_INIT;
    CLEANUP_FREE char *jws = NULL, *other = NULL;

    crypto_start();
    jws = jws_sign_rs256(key, NULL, "{\"iss\":\"us\",\"exp\":1700000300}", &err);
    ck_assert_msg(jws != NULL, "%s", err.text);
    ck_assert_str_eq(jws, want);
    other = jws_sign_rs256(key_pkcs1, NULL, "{\"iss\":\"us\",\"exp\":1700000300}", &err);
    ck_assert_str_eq(other, want);
}
END_TEST

START_TEST(the_header_names_the_key)
{
    struct err err = ERR_INIT;
    CLEANUP_FREE char *jws = NULL;

    crypto_start();
    jws = jws_sign_rs256(key, "k1", "{}", &err);
    ck_assert_ptr_nonnull(jws);
    ck_assert_int_eq(strncmp(jws, "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsxIn0.e30.", 56),
                     0);
}
END_TEST

static void
check_refused(const char *pem, const char *why)
{
    struct err err = ERR_INIT;

    ck_assert_int_eq(jws_check_key(pem, &err), -1);
    ck_assert_str_eq(err.code, "bad-key");
    ck_assert_str_eq(err.text, why);
}

START_TEST(other_keys_are_refused)
{
    struct err err = ERR_INIT;

    ck_assert_int_eq(jws_check_key(key, &err), 0);
    check_refused("hunter2", "not a private key in PEM (BEGIN PRIVATE KEY)");
    check_refused("", "not a private key in PEM (BEGIN PRIVATE KEY)");
    check_refused(small_key, "an RSA key of less than 2048 bits");
    check_refused(ec_key, "not an RSA key");
    check_refused(locked_key, "the key has a passphrase");
    ck_assert_ptr_null(jws_sign_rs256(ec_key, NULL, "{}", &err));
}
END_TEST

/* RFC 7515 appendix C. */
START_TEST(base64url_of_the_standard)
{
    CLEANUP_FREE char *text = digest_base64url("\x03\xec\xff\xe0\xc1", 5);

    ck_assert_str_eq(text, "A-z_4ME");
}
END_TEST

UNIT_MAIN("crypto/jws", signs_as_the_standard_says, the_header_names_the_key,
          other_keys_are_refused, base64url_of_the_standard)
