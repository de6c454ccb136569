using System.Security.Cryptography;
using CsCheck;

namespace Perdure.Kernel.Tests;

/// <summary>Digests are SHA-256, whoever computes them.</summary>
public class DigestRules
{
    [Fact]
    public void A_digest_is_that_of_NET_for_every_length_and_on_every_thread() => Gen.Byte.Array[0, Sha256.Longest].Sample(text =>
    {
        Span<byte> found = stackalloc byte[Chain.Size];
        Sha256.Hash(text, found);
        Assert.True(found.SequenceEqual(SHA256.HashData(text)));
    }, iter: 10_000);

    [Fact]
    public void What_is_longer_or_has_no_room_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Sha256.Hash(new byte[Sha256.Longest + 1], new byte[Chain.Size]));
        Assert.Throws<ArgumentException>(() => Sha256.Hash([], new byte[Chain.Size - 1]));
        Assert.Throws<ArgumentException>(() => Chain.Digest([], new byte[Sha256.Longest + 1], new byte[Chain.Size - 1]));
    }

    [Fact]
    public void OpenSSL_3_is_called_directly()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && SafeEvpPKeyHandle.OpenSslVersion >= 0x30000000, "There is no OpenSSL 3 here.");
        Assert.True(Sha256.IsDirect);
    }
}
