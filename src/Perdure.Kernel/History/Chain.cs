using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Perdure.Kernel;

/// <summary>
/// The chain over an instance's records, which shows one that was altered, removed or reordered. Bodies enter it as salted digests, so that
/// erasing a body together with the salt leaves a chain that still verifies with the stored digest.
/// </summary>
public static class Chain
{
    /// <summary>The bytes of a hash and of a digest.</summary>
    public const int Size = SHA256.HashSizeInBytes;

    /// <summary>The bytes of an instance's salt.</summary>
    public const int SaltSize = 16;

    // Not on the stack, where it would be cleared each time.
    [ThreadStatic] private static byte[]? s_both;

    /// <summary>The digest of a record's body: SHA-256 of the salt followed by the body.</summary>
    /// <exception cref="ArgumentException"><paramref name="digest"/> is shorter than <see cref="Size"/>.</exception>
    public static void Digest(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> body, Span<byte> digest)
    {
        var length = salt.Length + body.Length;
        if (length > Sha256.Longest)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(salt);
            hash.AppendData(body);
            if (!hash.TryGetHashAndReset(digest, out _)) throw new ArgumentException("There must be room for 32 bytes.", nameof(digest));
            return;
        }
        var both = s_both ??= new byte[Sha256.Longest];
        salt.CopyTo(both);
        body.CopyTo(both.AsSpan(salt.Length));
        Sha256.Hash(both.AsSpan(0, length), digest);
    }

    /// <summary>The hash of a record: SHA-256 of the previous hash, the instance, the version, the moment in Unix milliseconds, and the body's digest.</summary>
    /// <param name="previous">The hash of the record before; empty for the first, which stands for zeroes.</param>
    /// <param name="instance">Whose record.</param>
    /// <param name="version">Its version.</param>
    /// <param name="at">Its moment.</param>
    /// <param name="digest">The <see cref="Digest"/> of its body.</param>
    /// <param name="hash">Takes the hash.</param>
    /// <exception cref="ArgumentException">A span has the wrong length.</exception>
    public static void Link(ReadOnlySpan<byte> previous, InstanceId instance, long version, DateTimeOffset at, ReadOnlySpan<byte> digest, Span<byte> hash)
    {
        if (previous.Length is not (0 or Size)) throw new ArgumentException("A hash has 32 bytes.", nameof(previous));
        if (digest.Length != Size) throw new ArgumentException("A digest has 32 bytes.", nameof(digest));
        Span<byte> all = stackalloc byte[Size + 8 + 8 + 8 + Size];
        if (previous.IsEmpty) all[..Size].Clear();
        else previous.CopyTo(all);
        BinaryPrimitives.WriteInt64BigEndian(all[Size..], instance.Value);
        BinaryPrimitives.WriteInt64BigEndian(all[(Size + 8)..], version);
        BinaryPrimitives.WriteInt64BigEndian(all[(Size + 16)..], at.ToUnixTimeMilliseconds());
        digest.CopyTo(all[(Size + 24)..]);
        Sha256.Hash(all, hash);
    }
}
