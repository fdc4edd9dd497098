#include "model_io.h"
int main(){}
