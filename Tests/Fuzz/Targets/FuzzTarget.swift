/// A parser of untrusted input: it may reject any bytes, but must not crash, hang or use much memory.
///
/// Targets also check what they know about the result; a violated precondition is a crash that the fuzzer
/// reports.
struct FuzzTarget: Sendable {
    /// The name, also of the target's folder in `corpus`.
    let name: String
    /// Parses the bytes, which end with their allocation.
    let run: @Sendable (UnsafeRawBufferPointer) -> Void

    /// All targets; a new one needs an entry here and a folder of inputs.
    static let all = [safetensors, peft, gguf, http, json, varlink, frames, spool, tokenizer]
}
