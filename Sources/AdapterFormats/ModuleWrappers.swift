/// The components that training tools add to the names of a model's modules, and that are no part of the model.
///
/// - `torch.compile`: `_orig_mod`
/// - FSDP: `_fsdp_wrapped_module`; of FairScale and PyTorch/XLA: `_fpw_module`
/// - activation checkpointing: `_checkpoint_wrapped_module`
/// - Lightning Fabric: `_forward_module`
/// - DDP, DataParallel and DeepSpeed: `module`, at the beginning only, because a model may use that name itself
/// - PEFT around a PEFT model: another `base_model.model`, at the beginning only
enum ModuleWrappers {
    private static let anywhere: Set<String> = [
        "_orig_mod", "_fsdp_wrapped_module", "_fpw_module", "_checkpoint_wrapped_module", "_forward_module",
    ]
    private static let leading = "module"

    /// The components of a name without the wrappers that may stand anywhere.
    static func unwrapped(_ parts: [String]) -> [String] {
        parts.contains(where: anywhere.contains) ? parts.filter { !anywhere.contains($0) } : parts
    }

    /// The components of a module's path after PEFT's own prefix and the wrappers around it.
    ///
    /// - Parameter parts: without the wrappers that may stand anywhere.
    /// - Returns: the rest, and whether PEFT's prefix was there.
    static func path(_ parts: ArraySlice<String>) -> (rest: ArraySlice<String>, hasPrefix: Bool) {
        var rest = parts
        var hasPrefix = false
        while rest.count > 1 {
            if rest.first == leading {
                rest = rest.dropFirst()
            } else if rest.count > 2, rest.starts(with: ["base_model", "model"]) {
                rest = rest.dropFirst(2)
                hasPrefix = true
            } else {
                break
            }
        }
        return (rest, hasPrefix)
    }

    /// A module's path or name, as a configuration has it, without wrappers.
    static func unwrapped(path: String) -> String {
        guard path.contains(".") else { return path }
        let parts = path.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
        let rest = Self.path(unwrapped(parts)[...]).rest
        return rest.isEmpty ? path : rest.joined(separator: ".")
    }

    /// The wrappers in a tensor's name, sorted.
    static func all(in names: some Sequence<String>) -> [String] {
        var found: Set<String> = []
        for name in names {
            let parts = name.split(separator: ".").map { String($0) }
            found.formUnion(parts.filter(anywhere.contains))
            let bare = unwrapped(parts)
            let outside = bare.prefix { $0 == leading }
            let inside = bare.dropFirst(outside.count + 2).prefix { $0 == leading }
            if !outside.isEmpty || !inside.isEmpty { found.insert(leading) }
            if bare.dropFirst(outside.count + 2).starts(with: ["base_model", "model"]) {
                found.insert("base_model.model")
            }
        }
        return found.sorted()
    }
}
