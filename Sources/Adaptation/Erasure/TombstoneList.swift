internal import ErrorModel
internal import Files
internal import Foundation

/// A file of tombstones in `forgotten/`: one line for each erased request, its identifier and the service's age at its
/// erasure in seconds, and a last line with the digest of the lines before.
///
/// A list is written once, under a random name, and never changed; lists are merged into new ones. Extracting a backup over
/// the state directory can therefore bring lists back, but never take tombstones away.
struct TombstoneList: Sendable {
    static let suffix = ".list"
    /// The most tombstones in one list.
    static let most = 1_000_000
    private static let digest = Array("sha256 ".utf8)

    /// The file's name.
    let name: String
    let count: Int
    /// The least and the greatest age in it, in seconds.
    let ages: ClosedRange<Int>

    /// Whether a text can be a request's identifier: letters, digits and hyphens, less than 128.
    static func isIdentifier(_ id: some Collection<UInt8>) -> Bool {
        (1..<128).contains(id.count)
            && id.allSatisfy { $0 == UInt8(ascii: "-") || (48...57).contains($0) || (97...122).contains($0) }
    }

    private static func widened(_ range: ClosedRange<Int>?, by age: Int) -> ClosedRange<Int> {
        range.map { min($0.lowerBound, age)...max($0.upperBound, age) } ?? age...age
    }

    /// Writes lists, durable once the folder is synchronised; blocks.
    ///
    /// - Parameters:
    ///   - index: the tombstones, sorted.
    ///   - folder: where the lists appear.
    ///   - temporary: where they are written first.
    ///   - progress: called now and then.
    /// - Throws: `storageFailure`.
    static func write(
        _ index: TombstoneIndex, in folder: String, temporary: String, progress: () -> Void = {}
    ) throws(SgloradError) -> [TombstoneList] {
        var lists: [TombstoneList] = []
        var (bytes, count, ages): ([UInt8], Int, ClosedRange<Int>?) = ([], 0, nil)
        var chunks: [(bytes: [UInt8], count: Int, ages: ClosedRange<Int>)] = []
        bytes.reserveCapacity(min(index.count, most) * 52)
        index.forEach { id, age in
            bytes += id.utf8
            bytes.append(0x20)
            bytes += String(age).utf8
            bytes.append(0x0A)
            let range = widened(ages, by: age)
            (count, ages) = (count + 1, range)
            if count & 0x3FFF == 0 { progress() }
            if count == most {
                chunks.append((bytes, count, range))
                (bytes, count, ages) = ([], 0, nil)
            }
        }
        if let ages { chunks.append((bytes, count, ages)) }
        for var chunk in chunks {
            progress()
            chunk.bytes += digest + Array(FileDigest.sha256(chunk.bytes).utf8) + [0x0A]
            let name = Path.uniqueName() + suffix
            try DurableFile.write(
                chunk.bytes, to: "\(folder)/\(name)", temporary: temporary, synchronisingFolder: false)
            lists.append(TombstoneList(name: name, count: chunk.count, ages: chunk.ages))
        }
        return lists
    }

    /// Reads a list into an index; blocks.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - index: what is read is added to it.
    ///   - progress: called now and then.
    /// - Returns: the list, and whether the file is as it was written. Of a damaged one the readable lines count.
    /// - Throws: `storageFailure` where it cannot be read.
    static func read(
        _ path: String, into index: inout TombstoneIndex, progress: () -> Void
    ) throws(SgloradError) -> (list: TombstoneList, isWhole: Bool) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw .storageFailure(
                path, "the list of forgotten requests cannot be read. Check the disk.", cause: error)
        }
        let trailer = digest.count + 65
        let content = data.dropLast(trailer)
        let isWhole =
            data.count >= trailer
            && Array(data.suffix(trailer)) == digest + Array(FileDigest.sha256(content).utf8) + [0x0A]
        var (count, ages): (Int, ClosedRange<Int>?) = (0, nil)
        data.withUnsafeBytes { bytes in
            let end = isWhole ? content.count : bytes.count
            var start = 0
            while start < end {
                var (space, place) = (-1, start)
                var age = 0
                while place < end, bytes[place] != 0x0A {
                    let byte = bytes[place]
                    if byte == 0x20, space < 0 {
                        space = place
                    } else if space >= 0 {
                        guard (48...57).contains(byte), age < 1 << 50 else {
                            space = -2
                            break
                        }
                        age = age * 10 + Int(byte - 48)
                    }
                    place += 1
                }
                let id = UnsafeRawBufferPointer(rebasing: bytes[start..<max(start, space)])
                if space > start, place > space + 1, isWhole || isIdentifier(id) {
                    index.add(id, age: age)
                    (count, ages) = (count + 1, widened(ages, by: age))
                    if count & 0x3FFF == 0 { progress() }
                }
                while place < end, bytes[place] != 0x0A { place += 1 }
                start = place + 1
            }
        }
        return (TombstoneList(name: Path.name(of: path), count: count, ages: ages ?? 0...0), isWhole)
    }
}
