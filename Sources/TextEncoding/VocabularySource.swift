internal import ErrorModel

/// The vocabulary of a model's folder, from `tokenizer.json` or `vocab.txt`.
struct VocabularySource {
    let pieces: WordPieceVocabulary
    /// The absolute path of the file that it is from.
    let file: String

    static let textName = "vocab.txt"
    private static let maximumTextLength = 64 << 20

    /// Reads the vocabulary, and checks the settings in `tokenizer.json` if there is one.
    ///
    /// Where both files have the same pieces, the source is `vocab.txt`: so the digest of a model that was used
    /// before `tokenizer.json` was read stays the same.
    ///
    /// - Throws: `invalidModel` if both are missing, or that names the file and what is not supported.
    init(of folder: ModelFolder, _ tokens: TokenizerConfiguration) throws(SgloradError) {
        let text: WordPieceVocabulary? =
            folder.holds(Self.textName)
            ? try WordPieceVocabulary(
                try folder.read(Self.textName, upTo: Self.maximumTextLength), file: folder.file(Self.textName)
            )
            : nil
        guard folder.holds(TokenizerFile.fileName) else {
            guard let text else { throw .invalidModel(folder.file(Self.textName), Self.missing) }
            (pieces, file) = (text, folder.file(Self.textName))
            return
        }
        let tokenizer = try TokenizerFile(of: folder)
        try tokenizer.check(tokens, of: folder)
        if let text, text.equals(tokenizer.vocabulary) {
            (pieces, file) = (text, folder.file(Self.textName))
        } else {
            (pieces, file) = (tokenizer.vocabulary, folder.file(TokenizerFile.fileName))
        }
    }

    private static let missing =
        "is missing, and so is tokenizer.json; the folder must contain an unmodified sentence-transformers model with "
        + "a BERT encoder"
}
