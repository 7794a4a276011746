internal import AdapterFormats
internal import ErrorModel
internal import LowRank

/// Refuses adapters that no training has touched: they would change nothing, and as a library's first expert fix a gauge that
/// no other expert shares.
enum DeadAdapter {
    /// Checks an adapter's own factors; blocks.
    ///
    /// Single sites without effect are fine: under mean pooling, a pooler never gets a gradient.
    ///
    /// - Throws: `invalidFile` if ΔW is 0 at every site, or A or B is one repeated number at every site.
    static func check(_ folder: PEFTFolder) throws(SgloradError) {
        guard let adapter = folder.checkpoints.first else { return }
        let file =
            adapter.name.isEmpty ? "adapter_model.safetensors" : "\(adapter.name)/adapter_model.safetensors"
        let retrain = "Import the adapter as it is after training. \(folder.names.sentence)"
        let factors = adapter.factors
        if factors.allSatisfy({ isZero($0.b) }) {
            throw .invalidFile(
                file,
                "changes nothing: lora_B is 0 at all \(factors.count) sites, as before the first step of a "
                    + "training. \(retrain)")
        }
        if factors.allSatisfy({ isZero($0.a) }) {
            throw .invalidFile(file, "changes nothing: lora_A is 0 at all \(factors.count) sites. \(retrain)")
        }
        if factors.allSatisfy({ isConstant($0.a) || isConstant($0.b) }) {
            throw .invalidFile(
                file,
                "was not trained: lora_A or lora_B is one number repeated at each of its \(factors.count) sites. "
                    + retrain)
        }
        let layout = try AdapterLayout(of: factors)
        guard try GaugeAlignment.rank(of: [factors], on: layout) > 0 else {
            throw .invalidFile(
                file, "changes nothing: lora_B·lora_A is 0 at all \(factors.count) sites. \(retrain)")
        }
    }

    private static func isZero(_ values: [Float]) -> Bool { values.allSatisfy { $0 == 0 } }

    /// Whether all of several numbers are the same.
    private static func isConstant(_ values: [Float]) -> Bool {
        guard values.count > 2, let first = values.first else { return isZero(values) }
        return values.allSatisfy { $0 == first }
    }
}
