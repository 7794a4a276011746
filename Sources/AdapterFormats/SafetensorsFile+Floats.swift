public import ErrorModel
public import LinearAlgebra

extension SafetensorsFile {
    /// A tensor's numbers in single precision, row-major.
    ///
    /// `F32` is used in place, without a copy, where the file has it aligned to 4 bytes; `F16` and `BF16` are converted,
    /// which is exact. NaN and infinite numbers are not looked for: see ``requireFinite(_:)``.
    ///
    /// - Throws: `invalidFile` if there is no tensor of that name, or it is of another type.
    public func floats(_ name: String) throws(SgloradError) -> FloatVector {
        let tensor = try requireTensor(name)
        let raw = UnsafeRawBufferPointer(rebasing: mapping.bytes[tensor.bytes])
        guard tensor.count > 0, let start = raw.baseAddress else { return FloatVector([]) }
        let converted: ConvertedNumbers
        switch tensor.type {
        case .float32:
            #if _endian(little)
            if UInt(bitPattern: start) % UInt(MemoryLayout<Float>.alignment) == 0 {
                return FloatVector(
                    borrowing: UnsafeBufferPointer(
                        start: start.assumingMemoryBound(to: Float.self), count: tensor.count),
                    owner: mapping)
            }
            #endif
            converted = ConvertedNumbers(raw, count: tensor.count) { (pattern: UInt32) in
                Float(bitPattern: UInt32(littleEndian: pattern))
            }
        case .float16:
            converted = ConvertedNumbers(raw, count: tensor.count) { (pattern: UInt16) in
                HalfPrecision.float(binary16: UInt16(littleEndian: pattern))
            }
        case .bfloat16:
            converted = ConvertedNumbers(raw, count: tensor.count) { (pattern: UInt16) in
                HalfPrecision.float(bfloat16: UInt16(littleEndian: pattern))
            }
        case .other(let type): throw notFloatingPoint(tensor, type)
        }
        return withExtendedLifetime(mapping) { FloatVector(borrowing: converted.numbers, owner: converted) }
    }

    /// Checks that a tensor holds no NaN and no infinite number.
    ///
    /// - Throws: `invalidFile` that names the tensor and the index of the first such number; or if there is no tensor of
    ///   that name, or it is not of a floating-point type that ``floats(_:)`` reads.
    public func requireFinite(_ name: String) throws(SgloradError) {
        let tensor = try requireTensor(name)
        let raw = UnsafeRawBufferPointer(rebasing: mapping.bytes[tensor.bytes])
        let bad: Int?
        switch tensor.type {
        case .float32:
            bad = Self.firstIndex(raw, count: tensor.count) { (pattern: UInt32) in
                UInt32(littleEndian: pattern) & 0x7F80_0000 == 0x7F80_0000
            }
        case .float16:
            bad = Self.firstIndex(raw, count: tensor.count) { (pattern: UInt16) in
                UInt16(littleEndian: pattern) & 0x7C00 == 0x7C00
            }
        case .bfloat16:
            bad = Self.firstIndex(raw, count: tensor.count) { (pattern: UInt16) in
                UInt16(littleEndian: pattern) & 0x7F80 == 0x7F80
            }
        case .other(let type): throw notFloatingPoint(tensor, type)
        }
        guard let bad else { return withExtendedLifetime(mapping) {} }
        throw .invalidFile(
            displayName,
            "has a number that is NaN or infinite in the tensor \(Quoted(name)), at index \(bad); "
                + "train or export the adapter again")
    }

    private func requireTensor(_ name: String) throws(SgloradError) -> Tensor {
        guard let tensor = tensor(named: name) else {
            throw .invalidFile(displayName, "has no tensor \(Quoted(name))")
        }
        return tensor
    }

    private func notFloatingPoint(_ tensor: Tensor, _ type: String) -> SgloradError {
        .invalidFile(
            displayName, "has the tensor \(Quoted(tensor.name)) as \(type); it must be F32, F16 or BF16")
    }

    /// The first index whose pattern is bad.
    ///
    /// A block is looked at as a whole first, which the compiler turns into wide
    /// instructions; only a block with a bad number is searched one by one.
    @inline(__always)
    private static func firstIndex<Pattern: FixedWidthInteger>(
        _ raw: UnsafeRawBufferPointer, count: Int, where isBad: (Pattern) -> Bool
    ) -> Int? {
        guard let start = raw.baseAddress else { return nil }
        let stride = MemoryLayout<Pattern>.stride
        for block in Swift.stride(from: 0, to: count, by: 4096) {
            let end = min(block + 4096, count)
            var isAnyBad = false
            for index in block..<end {
                let pattern = (start + index &* stride).loadUnaligned(as: Pattern.self)
                isAnyBad = isBad(pattern) || isAnyBad
            }
            guard isAnyBad else { continue }
            return (block..<end).first { isBad((start + $0 &* stride).loadUnaligned(as: Pattern.self)) }
        }
        return nil
    }
}

/// Numbers that were converted from a file, as a vector's memory.
private final class ConvertedNumbers: @unchecked Sendable {
    // Sendable: written in init alone, freed in deinit alone.
    let numbers: UnsafeBufferPointer<Float>

    @inline(__always)
    init<Pattern: FixedWidthInteger>(_ raw: UnsafeRawBufferPointer, count: Int, _ float: (Pattern) -> Float) {
        let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        if let start = raw.baseAddress, let target = memory.baseAddress {
            for index in 0..<count {
                let pattern = (start + index &* MemoryLayout<Pattern>.stride).loadUnaligned(as: Pattern.self)
                (target + index).initialize(to: float(pattern))
            }
        }
        numbers = UnsafeBufferPointer(memory)
    }

    deinit { numbers.deallocate() }
}
