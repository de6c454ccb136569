using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Perdure.AspNetCore.Tests;

/// <summary>Requests that nobody should send. Each is refused with a problem document, and the engine goes on.</summary>
public sealed class HostileRequests
{
    private const string Instances = "/api/workflows/parcels/instances";
    private const string Good = """{"parcelId":"P","weight":5,"pieces":1,"to":{"street":"Kai 1","city":"Bergen"}}""";

    /// <summary>Status and code expected, and the request as bytes.</summary>
    private sealed record Attack(string Name, int Status, string? Code, byte[] Request);

    private static Attack Body(string name, int status, string? code, string json, string type = "application/json", string more = "") => Body(name, status, code, Encoding.UTF8.GetBytes(json), type, more);

    private static Attack Body(string name, int status, string? code, byte[] body, string? type = "application/json", string more = "", string path = Instances, string key = "Idempotency-Key: hostile\r\n") =>
        new(name, status, code, [.. Encoding.Latin1.GetBytes($"POST {path} HTTP/1.1\r\nHost: localhost\r\n{key}{(type is null ? "" : $"Content-Type: {type}\r\n")}Content-Length: {body.Length.ToString(CultureInfo.InvariantCulture)}\r\n{more}\r\n"), .. body]);

    private static Attack To(string name, int status, string? code, string path, string json = Good, string method = "POST", string more = "") =>
        new(name, status, code, Encoding.Latin1.GetBytes($"{method} {path} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: hostile\r\n{(method == "GET" ? "" : $"Content-Type: application/json\r\nContent-Length: {json.Length}\r\n")}{more}\r\n{(method == "GET" ? "" : json)}"));

    private static Attack Raw(string name, int status, string? code, string request) => new(name, status, code, Encoding.Latin1.GetBytes(request));

    private static Attack Key(string name, string? code, string headers) => Body(name, 400, code, Encoding.UTF8.GetBytes(Good), key: headers);

    private static string With(string field, string json) => Good.Replace("\"pieces\":1", $"\"pieces\":1,{field}:{json}", StringComparison.Ordinal);

    private static IEnumerable<Attack> Attacks(string instance, string gate)
    {
        // Bodies that are no JSON
        yield return Body("no body", 400, "body.missing", "");
        yield return Body("half an object", 400, "body.malformed", """{"parcelId":"P",""");
        yield return Body("trailing text", 400, "body.malformed", Good + "x");
        yield return Body("two documents", 400, "body.malformed", Good + Good);
        yield return Body("comment", 400, "body.malformed", "/* hello */" + Good);
        yield return Body("trailing comma", 400, "body.malformed", """{"parcelId":"P",}""");
        yield return Body("single quotes", 400, "body.malformed", "{'parcelId':'P'}");
        yield return Body("NaN", 400, "body.malformed", Good.Replace("5", "NaN", StringComparison.Ordinal));
        yield return Body("Infinity", 400, "body.malformed", Good.Replace("5", "Infinity", StringComparison.Ordinal));
        yield return Body("hexadecimal number", 400, "body.malformed", Good.Replace("5", "0x10", StringComparison.Ordinal));
        yield return Body("leading zeros", 400, "body.malformed", Good.Replace("5", "005", StringComparison.Ordinal));
        yield return Body("not UTF-8", 400, "body.encoding", [.. "{\"parcelId\":\""u8, 0xC3, 0x28, .. "\"}"u8]);
        yield return Body("overlong UTF-8", 400, "body.encoding", [.. "{\"parcelId\":\""u8, 0xC0, 0x80, .. "\"}"u8]);
        yield return Body("UTF-16", 400, null, Encoding.Unicode.GetBytes(Good));
        yield return Body("byte order mark", 400, "body.malformed", [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Good)]);
        yield return Body("raw NUL", 400, "body.malformed", "{\"parcelId\":\"a\0b\"}");
        yield return Body("raw line feed in a text", 400, "body.malformed", "{\"parcelId\":\"a\nb\"}");
        yield return Body("only white space", 400, "body.malformed", "    ");
        yield return Body("nested 40 deep", 400, "body.malformed", With("\"tags\"", new string('[', 40) + new string(']', 40)));
        yield return Body("nested 100,000 deep", 400, "body.malformed", new string('[', 100_000) + new string(']', 100_000));
        yield return Body("nested objects 100,000 deep", 400, "body.malformed", string.Concat(Enumerable.Repeat("{\"a\":", 100_000)));

        // JSON that no honest program writes
        yield return Body("escaped NUL", 400, "body.malformed", Good.Replace("\"P\"", "\"P\\u0000\"", StringComparison.Ordinal));
        yield return Body("escaped control character", 400, "body.malformed", Good.Replace("\"P\"", "\"P\\u001b[2J\"", StringComparison.Ordinal));
        yield return Body("half of a character", 400, "body.malformed", Good.Replace("\"P\"", "\"\\ud800\"", StringComparison.Ordinal));
        yield return Body("NUL in a name", 400, "body.malformed", With("\"a\\u0000\"", "1"));
        yield return Body("half of a character in a name", 400, "body.malformed", With("\"\\udfff\"", "1"));
        yield return Body("property twice", 400, "body.malformed", With("\"pieces\"", "2"));
        yield return Body("property twice, escaped", 400, "body.malformed", With("\"p\\u0069eces\"", "2"));
        yield return Body("property twice, inside", 400, "body.malformed", Good.Replace("\"street\":", "\"city\":\"Oslo\",\"street\":", StringComparison.Ordinal));
        yield return Body("number beyond double", 400, "body.malformed", Good.Replace("5", "1e999", StringComparison.Ordinal));
        yield return Body("number of 10,000 digits", 400, "body.malformed", Good.Replace("5", new string('9', 10_000), StringComparison.Ordinal));
        yield return Body("exponent of 10,000 digits", 400, "body.malformed", Good.Replace("5", "1e" + new string('9', 10_000), StringComparison.Ordinal));

        // JSON that does not fit
        yield return Body("null", 400, "input.invalid", "null");
        yield return Body("array", 400, "input.invalid", "[]");
        yield return Body("text", 400, "input.invalid", "\"P\"");
        yield return Body("number", 400, "input.invalid", "42");
        yield return Body("empty object", 400, "input.invalid", "{}");
        yield return Body("missing property", 400, "input.invalid", Good.Replace("\"pieces\":1,", "", StringComparison.Ordinal));
        yield return Body("unknown property", 400, "input.invalid", With("\"admin\"", "true"));
        yield return Body("unknown property inside", 400, "input.invalid", Good.Replace("\"street\":", "\"roles\":[],\"street\":", StringComparison.Ordinal));
        yield return Body("another case", 400, "input.invalid", Good.Replace("\"pieces\"", "\"Pieces\"", StringComparison.Ordinal));
        yield return Body("text for a number", 400, "input.invalid", Good.Replace("5", "\"5\"", StringComparison.Ordinal));
        yield return Body("fraction for a whole number", 400, "input.invalid", Good.Replace("\"pieces\":1", "\"pieces\":1.5", StringComparison.Ordinal));
        yield return Body("number beyond its type", 400, "input.invalid", Good.Replace("\"pieces\":1", "\"pieces\":2147483648", StringComparison.Ordinal));
        yield return Body("number beyond decimal", 400, "input.invalid", Good.Replace("5", "1e60", StringComparison.Ordinal));
        yield return Body("null for what must be there", 400, "input.invalid", Good.Replace("\"P\"", "null", StringComparison.Ordinal));
        yield return Body("null inside", 400, "input.invalid", Good.Replace("\"Bergen\"", "null", StringComparison.Ordinal));
        yield return Body("object for a text", 400, "input.invalid", Good.Replace("\"Bergen\"", "{}", StringComparison.Ordinal));
        yield return Body("type smuggling", 400, "input.invalid", With("\"$type\"", "\"System.Diagnostics.Process\""));
        yield return Body("prototype", 400, "input.invalid", With("\"__proto__\"", "{}"));

        // Sizes
        yield return Body("2 MB", 413, "body.too-large", new byte[2_000_000]);
        yield return Body("100 MB", 413, "body.too-large", new byte[100_000_000]);
        yield return Raw("a length beyond measure", 413, "body.too-large", $"POST {Instances} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: a\r\nContent-Type: application/json\r\nContent-Length: 9223372036854775807\r\n\r\n{{");
        yield return Raw("chunks without end", 413, "body.too-large", $"POST {Instances} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + string.Concat(Enumerable.Repeat("10000\r\n" + new string(' ', 65_536) + "\r\n", 20)));
        yield return Raw("broken chunk", 400, "request.malformed", $"POST {Instances} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n");
        yield return To("path of 10,000 characters", 414, "path.too-long", "/api/instances/" + new string('a', 10_000), method: "GET");
        yield return To("query of 10,000 characters", 414, "path.too-long", "/api/instances?state=" + new string('a', 10_000), method: "GET");
        yield return To("request line of 100,000 characters", 414, "path.too-long", "/api/" + new string('a', 100_000), method: "GET");
        yield return Raw("200 header fields", 431, "headers.too-large", "GET /api/instances HTTP/1.1\r\nHost: localhost\r\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: a\r\n")) + "\r\n");
        yield return Raw("20,000 header fields", 431, "headers.too-large", "GET /api/instances HTTP/1.1\r\nHost: localhost\r\n" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"X-{i}: a\r\n")) + "\r\n");
        yield return Raw("a header of 64 KB", 431, "headers.too-large", "GET /api/instances HTTP/1.1\r\nHost: localhost\r\nX-Long: " + new string('a', 65_536) + "\r\n\r\n");
        yield return Raw("a header of 1 MB", 431, "headers.too-large", "GET /api/instances HTTP/1.1\r\nHost: localhost\r\nX-Long: " + new string('a', 1_000_000) + "\r\n\r\n");

        // Content types
        yield return Body("no content type", 415, "body.content-type", Encoding.UTF8.GetBytes(Good), type: null);
        foreach (var type in (string[])["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/json-patch+json", "nonsense", "*/*"])
            yield return Body("content type " + type, 415, "body.content-type", Good, type);
        yield return Body("two content types", 415, "body.content-type", Good, more: "Content-Type: text/plain\r\n");
        yield return Body("compressed", 415, "body.content-encoding", Good, more: "Content-Encoding: gzip\r\n");

        // Keys
        yield return Key("no key", "key.missing", "");
        yield return Key("empty key", "key.malformed", "Idempotency-Key: \r\n");
        yield return Key("two keys", "key.malformed", "Idempotency-Key: a\r\nIdempotency-Key: b\r\n");
        yield return Key("key of 201 characters", "key.malformed", $"Idempotency-Key: {new string('k', 201)}\r\n");
        yield return Key("key with a tab", "key.malformed", "Idempotency-Key: a\tb\r\n");
        yield return Key("key with bytes above 127", null, "Idempotency-Key: schl\u00fcssel\r\n");
        yield return Key("key with NUL", null, "Idempotency-Key: a\0b\r\n");
        yield return Body("signal without a message id", 400, "key.missing", "{}"u8.ToArray(), path: $"/api/instances/{instance}/signals/nudge", key: "");

        // Paths and queries
        yield return To("encoded NUL in the path", 400, null, "/api/instances/%00", method: "GET");
        yield return To("encoded line feed", 400, "path.malformed", "/api/instances/a%0Ab", method: "GET");
        yield return To("dots", 400, "path.malformed", "/api/instances/../../etc/passwd", method: "GET");
        yield return To("encoded dots", 400, "path.malformed", "/api/instances/%2e%2e/%2e%2e/etc/passwd", method: "GET");
        yield return To("encoded separator", 400, "path.malformed", "/api/instances/..%2f..%2fetc%2fpasswd", method: "GET");
        yield return To("backslashes", 400, "path.malformed", "/api/instances/..%5c..%5cwindows", method: "GET");
        yield return To("two slashes", 400, "path.malformed", "//api//instances", method: "GET");
        yield return To("not UTF-8 in the path", 404, "instance.not-found", "/api/instances/%C3%28", method: "GET");
        yield return To("no such path", 404, "path.not-found", "/api/admin", method: "GET");
        yield return To("no such workflow", 404, "workflow.not-found", "/api/workflows/nothing/instances");
        yield return To("no such version", 404, "workflow.not-found", Instances + "?version=99");
        yield return To("SQL for an id", 404, "instance.not-found", "/api/instances/1'%20OR%20'1'='1", method: "GET");
        yield return To("an id of nothing", 404, "instance.not-found", "/api/instances/0000000000001", method: "GET");
        yield return To("an id beyond 63 bits", 404, "instance.not-found", "/api/instances/zzzzzzzzzzzzz", method: "GET");
        yield return To("no such signal name", 404, "signal.unknown", $"/api/instances/{instance}/signals/{new string('n', 300)}");
        yield return To("no such method", 405, "method.not-allowed", $"/api/instances/{instance}", method: "DELETE");
        yield return To("a method of its own", 405, "method.not-allowed", "/api/instances", method: "BREW");
        yield return To("version of text", 400, "query.malformed", Instances + "?version=one");
        yield return To("negative version", 400, "query.malformed", Instances + "?version=-1");
        yield return To("version beyond measure", 400, "query.malformed", Instances + "?version=99999999999999999999");
        foreach (var query in (string[])["status=asleep", "limit=0", "limit=-5", "limit=1000000000", "limit=ten", "cursor=garbage", "cursor=aTE6enp6enp6enp6enp6eg", "cursor=%00", "state=a%00b", "sort=name", "status=ended&status=ended", "businessKey=P", "state="])
            yield return To("?" + query, 400, "query.malformed", "/api/instances?" + query, method: "GET");
        yield return To("history from zero", 400, "query.malformed", $"/api/instances/{instance}/history?from=0", method: "GET");
        yield return To("history of garbage", 400, "query.malformed", $"/api/instances/{instance}/history?limit=NaN", method: "GET");
        yield return To("head without version", 400, "query.malformed", $"/api/instances/{instance}/verify?head={new string('0', 64)}", method: "GET");
        yield return To("head of text", 400, "query.malformed", $"/api/instances/{instance}/verify?version=1&head=xyz", method: "GET");
        yield return To("events from nowhere", 400, "query.malformed", "/api/events?after=never", method: "GET");
        yield return To("events of no type", 400, "query.malformed", "/api/events?type=perdure.nothing", method: "GET");
        yield return To("events after garbage", 400, "query.malformed", "/api/events", method: "GET", more: "Last-Event-ID: 1.2.3\r\n");
        yield return To("events as pictures", 406, "accept.unknown", "/api/events", method: "GET", more: "Accept: image/png\r\n");
        yield return To("pages of no instance", 400, "query.malformed", "/api/pages?instance=x", method: "GET");

        // Commands
        yield return To("decision of text", 400, "input.invalid", $"/api/gates/{gate}/decision", """{"approved":"yes"}""");
        yield return To("decision without a decision", 400, "input.invalid", $"/api/gates/{gate}/decision", """{"why":"because"}""");
        yield return To("decision in somebody's name", 400, "input.invalid", $"/api/gates/{gate}/decision", """{"approved":true,"by":"root"}""");
        yield return To("a reason of 10,000 characters", 400, "input.invalid", $"/api/gates/{gate}/decision", $$"""{"approved":true,"why":"{{new string('w', 10_000)}}"}""");
        yield return To("decision at no gate", 404, "gate.not-found", "/api/gates/x.y/decision", """{"approved":true}""");
        yield return To("decision at a visit beyond measure", 404, "gate.not-found", $"/api/gates/{instance}.99999999999/decision", """{"approved":true}""");
        yield return To("decision at another visit", 409, "gate.not-open", $"/api/gates/{instance}.7/decision", """{"approved":true}""");
        yield return To("retry of no incident", 409, "incident.none", $"/api/instances/{instance}/retry", "{}");
        yield return To("retry in no mode", 400, "input.invalid", $"/api/instances/{instance}/retry", """{"mode":"harder"}""");
        yield return To("retry of incident −1", 400, "input.invalid", $"/api/instances/{instance}/retry", """{"incident":-1}""");
        yield return To("cancel with more", 400, "input.invalid", $"/api/instances/{instance}/cancel", """{"force":true}""");

        // From elsewhere
        yield return Body("a page from elsewhere", 403, "origin.refused", Good, more: "Origin: https://evil.example\r\n");
        yield return Body("a form from elsewhere", 403, "origin.refused", Good, more: "Sec-Fetch-Site: cross-site\r\n");
        yield return Body("an opaque page", 403, "origin.refused", Good, more: "Origin: null\r\n");
        yield return Raw("a name pointed at loopback", 403, "access.local-only", "GET /api/instances HTTP/1.1\r\nHost: rebound.example\r\n\r\n");
        yield return Raw("through a proxy", 403, "access.local-only", "GET /api/instances HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n");
        yield return Raw("a user of control characters", 400, "user.malformed", "GET /api/instances HTTP/1.1\r\nHost: localhost\r\nX-Perdure-User: a\tb\r\n\r\n");

        // What is no HTTP
        yield return Raw("no host", 400, "request.malformed", "GET /api/instances HTTP/1.1\r\n\r\n");
        yield return Raw("two hosts", 400, "request.malformed", "GET /api/instances HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n");
        yield return Raw("no version", 400, "request.malformed", "GET /api/instances\r\n\r\n");
        yield return Raw("garbage", 400, "request.malformed", "\u0001\u0002\u0003\u0004\r\n\r\n");
        yield return Raw("a header without a colon", 400, "request.malformed", "GET /api/instances HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n");
        yield return Raw("NUL in a header", 400, "request.malformed", "GET /api/instances HTTP/1.1\r\nHost: localhost\r\nX-A: a\0b\r\n\r\n");
        yield return Raw("two lengths", 400, "request.malformed", $"POST {Instances} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd");
        yield return Raw("negative length", 400, "request.malformed", $"POST {Instances} HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n");
    }

    [Fact]
    public async Task Are_refused_each_with_a_document_and_the_engine_goes_on()
    {
        await using var app = await TestApp.Start();
        var instance = await app.Started("shy");
        var held = await app.Started(weight: 500);
        await app.Until(held, i => i.GetProperty("phase").GetString() == "gate");
        var gate = (await app.Get("/api/gates")).GetProperty("gates")[0].GetProperty("id").GetString()!;
        List<string> wrong = [];
        var attacks = Attacks(instance, gate).ToList();
        Assert.True(attacks.Count >= 60);
        foreach (var attack in attacks)
        {
            var (status, head, body) = await RawHttp.Send(app.Address, attack.Request);
            if (Fault(attack, status, head, body) is { } fault) wrong.Add($"{attack.Name}: {fault}\n      {head.ReplaceLineEndings(" | ")}\n      {body}");
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {attacks.Count}:\n" + string.Join('\n', wrong));
        Assert.DoesNotContain(app.Logs.Lines, l => l.Level >= Microsoft.Extensions.Logging.LogLevel.Error);

        await app.Ended(await app.Started());
        Assert.Equal(3, (await app.Get("/api/instances")).GetProperty("instances").GetArrayLength());
    }

    private static string? Fault(Attack attack, int status, string head, string body)
    {
        if (status != attack.Status) return $"{status} instead of {attack.Status}";
        if (!head.Contains("application/problem+json", StringComparison.OrdinalIgnoreCase)) return "no problem document";
        JsonElement problem;
        try
        {
            problem = JsonElement.Parse(body);
        }
        catch (JsonException)
        {
            return "no JSON";
        }
        if (problem.GetProperty("status").GetInt32() != status) return "another status in the document";
        if (attack.Code is not null && problem.GetProperty("code").GetString() != attack.Code) return $"not {attack.Code}";
        if (status == 400 && problem.GetProperty("code").GetString() is not ("request.malformed" or "path.malformed") && problem.GetProperty("faults").GetArrayLength() == 0) return "no faults";
        return null;
    }
}
