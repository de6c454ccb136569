using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Perdure.Kernel;

/// <summary>
/// SHA-256 (FIPS 180-4) of short texts, by OpenSSL. .NET asks OpenSSL 3 for the algorithm by its name before each digest, which takes longer than to digest a record; here it is asked for once. Where that OpenSSL is not
/// what .NET uses, .NET digests.
/// </summary>
internal static unsafe class Sha256
{
    /// <summary>What is longer is left to .NET: while OpenSSL digests here, no collection can begin.</summary>
    public const int Longest = 4096;

    private static readonly OpenSsl? s_direct = OpenSsl.Find();

    [ThreadStatic] private static Context? s_context;
    [ThreadStatic] private static SHA256? s_managed;

    /// <summary>Whether OpenSSL is called directly.</summary>
    public static bool IsDirect => s_direct is not null;

    /// <summary>The digest of at most <see cref="Longest"/> bytes.</summary>
    /// <exception cref="ArgumentException"><paramref name="hash"/> is shorter than 32 bytes.</exception>
    public static void Hash(ReadOnlySpan<byte> text, Span<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(text.Length, Longest, nameof(text));
        if (hash.Length < SHA256.HashSizeInBytes) throw new ArgumentException("There must be room for 32 bytes.", nameof(hash));
        if (s_direct is { } direct && direct.TryHash((s_context ??= new(direct)).Handle, text, hash)) return;
        (s_managed ??= SHA256.Create()).TryComputeHash(text, hash, out _);
    }

    // What is needed of the library (EVP_MD_fetch(3), EVP_DigestInit(3)).
    private sealed class OpenSsl
    {
        private delegate* unmanaged[Cdecl]<nint> _make;
        private delegate* unmanaged[Cdecl]<nint, void> _free;
        private delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, nint, nint, int> _begin;
        private delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, byte*, nuint, int> _add;
        private delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, byte*, uint*, int> _end;
        private nint _algorithm;

        public static OpenSsl? Find()
        {
            // The first digest of .NET makes OpenSSL ready, with what .NET asks of it: not to end itself while threads still run.
            Span<byte> expected = stackalloc byte[SHA256.HashSizeInBytes], found = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData("abc"u8, expected);
            if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad("libcrypto.so.3", out var library)) return null;
            if (!NativeLibrary.TryGetExport(library, "OpenSSL_version_num", out var version)
                || ((delegate* unmanaged[Cdecl]<nuint>)version)() != (nuint)SafeEvpPKeyHandle.OpenSslVersion
                || !NativeLibrary.TryGetExport(library, "EVP_MD_fetch", out var fetch)
                || !NativeLibrary.TryGetExport(library, "EVP_MD_CTX_new", out var make)
                || !NativeLibrary.TryGetExport(library, "EVP_MD_CTX_free", out var free)
                || !NativeLibrary.TryGetExport(library, "EVP_DigestInit_ex2", out var begin)
                || !NativeLibrary.TryGetExport(library, "EVP_DigestUpdate", out var add)
                || !NativeLibrary.TryGetExport(library, "EVP_DigestFinal_ex", out var end)) return null;
            var direct = new OpenSsl
            {
                _make = (delegate* unmanaged[Cdecl]<nint>)make,
                _free = (delegate* unmanaged[Cdecl]<nint, void>)free,
                _begin = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, nint, nint, int>)begin,
                _add = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, byte*, nuint, int>)add,
                _end = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, byte*, uint*, int>)end,
            };
            fixed (byte* name = "SHA256\0"u8) direct._algorithm = ((delegate* unmanaged[Cdecl]<nint, byte*, byte*, nint>)fetch)(0, name, null);
            if (direct._algorithm == 0) return null;
            var context = direct.Make();
            var works = direct.TryHash(context, "abc"u8, found) && found.SequenceEqual(expected);
            direct.Free(context);
            return works ? direct : null;
        }

        public nint Make() => _make();

        public void Free(nint context) => _free(context);

        public bool TryHash(nint context, ReadOnlySpan<byte> text, Span<byte> hash)
        {
            if (context == 0) return false;
            fixed (byte* from = text, to = hash)
                return _begin(context, _algorithm, 0) == 1 && _add(context, from, (nuint)text.Length) == 1 && _end(context, to, null) == 1;
        }
    }

    // A thread's own, freed some time after the thread has ended.
    private sealed class Context(OpenSsl library)
    {
        public nint Handle { get; } = library.Make();

        ~Context() => library.Free(Handle);
    }
}
