using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Perdure.AspNetCore;

/// <summary>Too many keys are being checked for another to wait: nothing is said of it.</summary>
internal sealed class KeysBusyException() : Exception("Too many keys are being checked. Try again later.");

/// <summary>The configured keys. Every comparison takes the same time whether it fits or not.</summary>
internal sealed class KeyRing
{
    private const int Remembered = 1024, Waiting = 16;

    private readonly ImmutableArray<(Caller Caller, byte[] Hash)> _random;
    private readonly ImmutableArray<(Caller Caller, string Prefix, int Iterations, byte[] Salt, byte[] Hash)> _chosen;
    private readonly ConcurrentDictionary<string, Caller> _known = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _slow = new(1);
    private int _waiting, _checks;

    public KeyRing(IOptions<PerdureHttpOptions> options)
    {
        var random = ImmutableArray.CreateBuilder<(Caller, byte[])>();
        var chosen = ImmutableArray.CreateBuilder<(Caller, string, int, byte[], byte[])>();
        foreach (var key in options.Value.ApiKeys)
        {
            var caller = new Caller(key.Name, [.. key.Roles]);
            if (string.IsNullOrWhiteSpace(key.Name) || key.Name.Any(char.IsControl)) throw Bad(key, "it has no name");
            var parts = key.Hash.Split(':');
            try
            {
                if (parts is [var bare] && bare.Length == 64) random.Add((caller, Convert.FromHexString(bare)));
                else if (parts is ["sha256", var hex] && hex.Length == 64) random.Add((caller, Convert.FromHexString(hex)));
                else if (parts is ["pbkdf2", var rounds, var salt, var hash] && int.TryParse(rounds, CultureInfo.InvariantCulture, out var iterations) && iterations is >= 1_000 and <= 10_000_000)
                    chosen.Add((caller, key.Name + ".", iterations, Convert.FromBase64String(salt), Convert.FromBase64String(hash)));
                else throw Bad(key, "its hash is neither sha256:<64 hexadecimal digits> nor pbkdf2:<iterations>:<salt>:<hash>");
            }
            catch (FormatException)
            {
                throw Bad(key, "its hash cannot be read");
            }
        }
        (_random, _chosen) = (random.ToImmutable(), chosen.ToImmutable());
    }

    /// <summary>Whether any key is configured: whether callers from elsewhere can be told apart.</summary>
    public bool IsEmpty => _random.IsEmpty && _chosen.IsEmpty;

    /// <summary>How often a slow hash was computed for a request.</summary>
    public int Checks => Volatile.Read(ref _checks);

    /// <summary>Whose key that is; null where it is nobody's.</summary>
    /// <exception cref="KeysBusyException">It is not known yet: too many are being checked.</exception>
    public async Task<Caller?> Find(string presented, CancellationToken cancellation)
    {
        if (presented.Length is 0 or > 512) return null;
        var bytes = Encoding.UTF8.GetBytes(presented);
        var digest = SHA256.HashData(bytes);
        Caller? found = null;
        foreach (var (caller, hash) in _random)
            if (CryptographicOperations.FixedTimeEquals(digest, hash)) found = caller;
        if (found is not null || _chosen.IsEmpty) return found;

        var remembered = Convert.ToBase64String(digest);
        if (_known.TryGetValue(remembered, out var known)) return known;
        var candidates = _chosen.Where(c => presented.StartsWith(c.Prefix, StringComparison.Ordinal)).ToList();
        if (candidates.Count == 0) return null;
        if (Interlocked.Increment(ref _waiting) > Waiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw new KeysBusyException();
        }
        try
        {
            await _slow.WaitAsync(cancellation);
            try
            {
                // Whoever was before may have had the same key.
                if (_known.TryGetValue(remembered, out known)) return known;
                _checks++;
                foreach (var (caller, _, iterations, salt, hash) in candidates)
                    if (CryptographicOperations.FixedTimeEquals(Rfc2898DeriveBytes.Pbkdf2(bytes, salt, iterations, HashAlgorithmName.SHA256, hash.Length), hash)) found = caller;
                if (found is not null && _known.Count < Remembered) _known[remembered] = found;
            }
            finally
            {
                _slow.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
        return found;
    }

    private static InvalidOperationException Bad(ApiKey key, string why) => new($"Perdure:ApiKeys: the key \"{key.Name}\" cannot be used: {why}.");
}
