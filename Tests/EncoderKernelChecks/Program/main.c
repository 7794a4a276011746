// Checks every level that the processor can run; for processors on which the tests themselves do not run.
#include <inttypes.h>
#include <stdio.h>

#include "../include/EncoderKernelChecks.h"

static int failures;

static void check(const struct EncoderLevel *level)
{
    char message[2048];
    const int failed = check_encoder_level(level, message, sizeof message);
    printf("%s: %s%s digest %016" PRIx64 "\n", level->name, failed ? message : "passed,", failed ? "" : "",
           encoder_level_digest(level));
    failures += failed;
}

int main(void)
{
    const struct EncoderLevel *level;
    for (size_t place = 0; (level = encoder_level(place)); place++) check(level);
    if ((level = wide_encoder_level())) check(level);
    return failures != 0;
}
