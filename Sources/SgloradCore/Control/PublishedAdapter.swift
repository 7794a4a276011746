internal import AdapterFormats
internal import ErrorModel
internal import LowRank

/// Published adapters as parameters again.
enum PublishedAdapter {
    /// Reads a published folder; blocks.
    static func read(_ folder: String, layout: AdapterLayout) throws(SgloradError) -> LoRAAdapter {
        let folder = try PEFTFolder.read(directory: folder)
        guard let first = folder.checkpoints.first else {
            throw .internal("a published adapter has no parameters")
        }
        return try layout.place(first.factors)
    }
}
