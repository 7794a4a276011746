/// Something that reads what strangers send: it may refuse any bytes, and must neither crash, hang nor take much memory.
///
/// Where a target knows more of what must hold, it checks that too; a broken promise is a crash that the fuzzer sees.
struct FuzzTarget: Sendable {
    /// Its name, and that of its folder of inputs below `corpus`.
    let name: String
    /// Reads the bytes, which end with their allocation.
    let run: @Sendable (UnsafeRawBufferPointer) -> Void

    /// Every target; a new one needs a line here and a folder of inputs.
    static let all = [safetensors, peft, json, varlink, frames, spool, tokenizer]
}
