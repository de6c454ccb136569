using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Shop.Orders;

/// <summary>What is wrong with a signature.</summary>
public sealed record SignatureFault(string Code, string Message);

/// <summary>Signs and checks requests as Standard Webhooks says: HMAC-SHA256 over <c>id.timestamp.body</c>.</summary>
/// <param name="secrets"><c>whsec_</c> and Base64; several, separated by spaces, while one is being replaced. The first signs.</param>
public sealed class WebhookSignature(string secrets, TimeProvider time)
{
    public const string IdHeader = "webhook-id";
    public const string TimestampHeader = "webhook-timestamp";
    public const string SignatureHeader = "webhook-signature";

    /// <summary>How far the sender's clock may be from ours.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    private const string Prefix = "whsec_";
    private const string Version = "v1,";

    private readonly byte[][] _keys = [.. secrets.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Key)];

    /// <summary>Checks the headers and the body as they came.</summary>
    /// <returns>What is wrong; null where the request is genuine and fresh.</returns>
    public SignatureFault? Check(IHeaderDictionary headers, ReadOnlySpan<byte> body)
    {
        string id = headers[IdHeader].ToString(), timestamp = headers[TimestampHeader].ToString(), signatures = headers[SignatureHeader].ToString();
        if (id is "" || timestamp is "" || signatures is "")
            return new("webhook.signature-missing", $"Sign the request: {IdHeader}, {TimestampHeader} and {SignatureHeader} are needed.");
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
            return new("webhook.timestamp-malformed", $"{TimestampHeader} is not a number of seconds since 1970.");
        if ((time.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(seconds)).Duration() > Tolerance)
            return new("webhook.timestamp-stale", $"{TimestampHeader} is more than {Tolerance.TotalMinutes:0} minutes away from now.");
        return Matches(id, timestamp, signatures, body) ? null : new("webhook.signature-invalid", "No signature in the request fits it.");
    }

    /// <summary>The value of <c>webhook-signature</c>.</summary>
    public string Sign(string id, string timestamp, ReadOnlySpan<byte> body) => Version + Convert.ToBase64String(Hash(_keys[0], id, timestamp, body));

    private bool Matches(string id, string timestamp, string signatures, ReadOnlySpan<byte> body)
    {
        var matches = false;
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var expected = Array.ConvertAll(_keys, Hashing(id, timestamp, body));
        foreach (var signature in signatures.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!signature.StartsWith(Version, StringComparison.Ordinal)) continue;
            if (!Convert.TryFromBase64String(signature[Version.Length..], given, out var length) || length != given.Length) continue;
            foreach (var hash in expected) matches |= CryptographicOperations.FixedTimeEquals(given, hash);
        }
        return matches;
    }

    private static Converter<byte[], byte[]> Hashing(string id, string timestamp, ReadOnlySpan<byte> body)
    {
        var signed = Signed(id, timestamp, body);
        return key => HMACSHA256.HashData(key, signed);
    }

    private static byte[] Hash(byte[] key, string id, string timestamp, ReadOnlySpan<byte> body) => HMACSHA256.HashData(key, Signed(id, timestamp, body));

    private static byte[] Signed(string id, string timestamp, ReadOnlySpan<byte> body) => [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];

    private static byte[] Key(string secret)
    {
        if (!secret.StartsWith(Prefix, StringComparison.Ordinal)) throw new ArgumentException($"Orders:WebhookSecret must begin with {Prefix}.");
        try { return Convert.FromBase64String(secret[Prefix.Length..]); }
        catch (FormatException exception) { throw new ArgumentException($"Orders:WebhookSecret must be Base64 behind {Prefix}.", exception); }
    }
}
