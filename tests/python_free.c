/* Answers requests to a SavedModel with the C library of TensorFlow, no Python, and XLA disabled as
 * stock TensorFlow Serving has it.
 *
 *   python_free FOLDER [LIBRARY OF OPERATIONS ...]
 *
 * Requests come in on stdin, answers go out on stdout, in the byte order of the machine. A request:
 * the number of inputs; for each a tensor; the number of outputs; for each a name. An answer: a
 * tensor for each output. A name: its size and its bytes, such as `serving_default_text:0`. A tensor:
 * a name (empty in answers), a TF_DataType, the number of axes, their lengths, the number of bytes,
 * the bytes; texts are their sizes and bytes, one after another. All numbers are 64 bits.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tensorflow/c/c_api.h>

extern void _ZN10tensorflow21DisableXlaCompilationEv(void);

static TF_Status *status;

static void check(const char *what) {
  if (TF_GetCode(status) == TF_OK) return;
  fprintf(stderr, "%s: %s\n", what, TF_Message(status));
  exit(1);
}

static int64_t number(void) {
  int64_t found;
  if (fread(&found, sizeof found, 1, stdin) != 1) exit(0); /* no more requests */
  return found;
}

static char *bytes(int64_t size) {
  char *found = calloc(size + 1, 1);
  if (size && fread(found, size, 1, stdin) != 1) exit(1);
  return found;
}

static void say(int64_t value) { fwrite(&value, sizeof value, 1, stdout); }

static TF_Output place(TF_Graph *graph) {
  char *name = bytes(number()), *colon = strrchr(name, ':');
  TF_Output found = {NULL, colon ? atoi(colon + 1) : 0};
  if (colon) *colon = 0;
  found.oper = TF_GraphOperationByName(graph, name);
  if (!found.oper) fprintf(stderr, "no operation %s\n", name), exit(1);
  free(name);
  return found;
}

static TF_Tensor *read_tensor(void) {
  TF_DataType type = number();
  int axes = number();
  int64_t lengths[16], count = 1;
  for (int i = 0; i < axes; i++) count *= lengths[i] = number();
  if (type != TF_STRING) {
    int64_t size = number();
    TF_Tensor *made = TF_AllocateTensor(type, lengths, axes, size);
    if (size && fread(TF_TensorData(made), size, 1, stdin) != 1) exit(1);
    return made;
  }
  number();
  TF_Tensor *made = TF_AllocateTensor(type, lengths, axes, count * sizeof(TF_TString));
  TF_TString *texts = TF_TensorData(made);
  for (int64_t i = 0; i < count; i++) {
    int64_t size = number();
    char *text = bytes(size);
    TF_TString_Init(&texts[i]);
    TF_TString_Copy(&texts[i], text, size);
    free(text);
  }
  return made;
}

static void write_tensor(TF_Tensor *tensor) {
  say(0);
  say(TF_TensorType(tensor));
  say(TF_NumDims(tensor));
  for (int i = 0; i < TF_NumDims(tensor); i++) say(TF_Dim(tensor, i));
  say(TF_TensorByteSize(tensor));
  if (TF_TensorType(tensor) != TF_STRING) {
    fwrite(TF_TensorData(tensor), TF_TensorByteSize(tensor), 1, stdout);
    return;
  }
  TF_TString *texts = TF_TensorData(tensor);
  for (int64_t i = 0; i < TF_TensorElementCount(tensor); i++) {
    say(TF_TString_GetSize(&texts[i]));
    fwrite(TF_TString_GetDataPointer(&texts[i]), TF_TString_GetSize(&texts[i]), 1, stdout);
  }
}

static void answer(TF_Session *session, TF_Graph *graph) {
  int64_t takes = number();
  TF_Output *in = calloc(takes + 1, sizeof *in);
  TF_Tensor **given = calloc(takes + 1, sizeof *given);
  for (int64_t i = 0; i < takes; i++) in[i] = place(graph), given[i] = read_tensor();
  int64_t gives = number();
  TF_Output *out = calloc(gives + 1, sizeof *out);
  TF_Tensor **found = calloc(gives + 1, sizeof *found);
  for (int64_t i = 0; i < gives; i++) out[i] = place(graph);
  TF_SessionRun(session, NULL, in, given, takes, out, found, gives, NULL, 0, NULL, status);
  check("run");
  for (int64_t i = 0; i < gives; i++) write_tensor(found[i]), TF_DeleteTensor(found[i]);
  for (int64_t i = 0; i < takes; i++) TF_DeleteTensor(given[i]);
  free(in), free(given), free(out), free(found);
  fflush(stdout);
}

int main(int argc, char **argv) {
  _ZN10tensorflow21DisableXlaCompilationEv();
  status = TF_NewStatus();
  for (int i = 2; i < argc; i++) TF_LoadLibrary(argv[i], status), check(argv[i]);
  TF_Graph *graph = TF_NewGraph();
  const char *tags[] = {"serve"};
  TF_Session *session = TF_LoadSessionFromSavedModel(TF_NewSessionOptions(), NULL, argv[1], tags, 1,
                                                     graph, NULL, status);
  check("load");
  for (;;) answer(session, graph);
}
