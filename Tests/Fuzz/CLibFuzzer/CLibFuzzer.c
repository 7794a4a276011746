// The compiler's runtime defines what the header declares.
#include "CLibFuzzer.h"
