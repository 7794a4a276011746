internal import CLinux
public import ErrorModel
internal import Glibc

extension Folder {
    /// Puts a folder in another one's place, so that there is one of them under that name at every moment; blocks.
    ///
    /// - Parameters:
    ///   - target: the path; what is there is removed.
    ///   - path: the folder that takes it, complete and synchronised, in the same parent folder.
    /// - Throws: `storageFailure`; the target is as it was then.
    public static func replace(_ target: String, by path: String) throws(SgloradError) {
        guard FileKind(of: target, followingLinks: false) != nil else {
            try Path.rename(path, to: target, replacing: false)
            try synchronise(Path.parent(of: target))
            return
        }
        if sglorad_rename_exchange(path, target) != 0 {
            guard errno == EINVAL || errno == ENOSYS else {
                throw .system(target, "the folder cannot be replaced")
            }
            // A file system without RENAME_EXCHANGE: for a moment there is none.
            try vanish(target)
            try Path.rename(path, to: target, replacing: false)
        }
        try synchronise(Path.parent(of: target))
        remove(path)
    }

    /// Removes a folder whose name goes first, in one step and durably, so that nobody meets half of it; blocks.
    ///
    /// - Throws: `storageFailure` where it cannot be renamed or its parent folder cannot be synchronised.
    public static func vanish(_ path: String) throws(SgloradError) {
        let parent = Path.parent(of: path)
        let hidden = "\(parent)/\(Path.temporaryName())"
        try Path.rename(path, to: hidden)
        try synchronise(parent)
        remove(hidden)
        guard FileKind(of: hidden, followingLinks: false) == nil else {
            throw .storageFailure(hidden, "the folder cannot be removed. Check its owner and mode.")
        }
    }
}
