using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Perdure.AspNetCore.Tests;

public sealed class Access
{
    private static string Sha(string key) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private static string Pbkdf2(string key, int iterations = 1000)
    {
        byte[] salt = [1, 2, 3, 4, 5, 6, 7, 8];
        return $"pbkdf2:{iterations}:{Convert.ToBase64String(salt)}:{Convert.ToBase64String(Rfc2898DeriveBytes.Pbkdf2(key, salt, iterations, HashAlgorithmName.SHA256, 32))}";
    }

    private static (string, string)[] Keys =>
    [
        ("Perdure:ApiKeys:0:name", "watcher"), ("Perdure:ApiKeys:0:hash", Sha("read-key")), ("Perdure:ApiKeys:0:roles:0", "reader"),
        ("Perdure:ApiKeys:1:name", "shop"), ("Perdure:ApiKeys:1:hash", Sha("start-key")), ("Perdure:ApiKeys:1:roles:0", "starter"),
        ("Perdure:ApiKeys:2:name", "ops"), ("Perdure:ApiKeys:2:hash", Sha("ops-key")), ("Perdure:ApiKeys:2:roles:0", "operator"),
        ("Perdure:ApiKeys:3:name", "Grace"), ("Perdure:ApiKeys:3:hash", Pbkdf2("Grace.my own words")), ("Perdure:ApiKeys:3:roles:0", "reader"), ("Perdure:ApiKeys:3:roles:1", "customs"),
    ];

    private static Task<HttpResponseMessage> As(TestApp app, string? key, string method, string path, string? json = null, params (string, string)[] more)
    {
        var request = new HttpRequestMessage(new(method), path);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        if (key is not null) request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + key);
        foreach (var (name, value) in more) request.Headers.TryAddWithoutValidation(name, value);
        return app.Http.SendAsync(request);
    }

    [Fact]
    public async Task With_keys_each_role_does_what_it_may_and_nobody_anything()
    {
        await using var app = await TestApp.Start(settings: Keys);
        foreach (var path in (string[])["/api/instances", "/api/gates", "/api/pages", "/api/workflows", "/api/events", "/metrics", "/openapi/v1.json", "/api/nothing", "/"])
        {
            await Problem.Is(await As(app, null, "GET", path), 401, "access.key");
            await Problem.Is(await As(app, "wrong", "GET", path), 401, "access.key");
        }
        Assert.Equal(200, (int)(await As(app, null, "GET", "/health/live")).StatusCode);
        Assert.DoesNotContain("problems", await (await As(app, null, "GET", "/health/ready")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        // Without keys the name could be chosen; with them it is the key's.
        await Problem.Is(await As(app, null, "GET", "/api/instances", null, ("X-Perdure-User", "root")), 401, "access.key");

        Assert.Equal(200, (int)(await As(app, "read-key", "GET", "/api/instances")).StatusCode);
        Assert.Equal(200, (int)(await As(app, null, "GET", "/api/instances", null, ("X-Api-Key", "read-key"))).StatusCode);
        await Problem.Is(await As(app, "read-key", "GET", "/api/instances", null, ("X-Api-Key", "read-key")), 401, "access.key");
        (string, string) key = ("Idempotency-Key", "k");
        await Problem.Is(await As(app, "read-key", "POST", "/api/workflows/parcels/instances", TestApp.Parcel("P"), key), 403, "access.role");
        await Problem.Is(await As(app, "start-key", "GET", "/api/instances"), 403, "access.role");
        var started = await As(app, "start-key", "POST", "/api/workflows/parcels/instances", TestApp.Parcel("P", weight: 500), key);
        Assert.Equal(201, (int)started.StatusCode);
        var instance = started.Headers.Location!.ToString();
        await Problem.Is(await As(app, "start-key", "POST", instance + "/pause"), 403, "access.role");
        Assert.Equal(200, (int)(await As(app, "ops-key", "POST", instance + "/pause")).StatusCode);
        Assert.Equal(200, (int)(await As(app, "ops-key", "POST", instance + "/resume")).StatusCode);
    }

    [Fact]
    public async Task A_right_key_that_many_requests_bring_at_once_is_never_called_unknown()
    {
        // Slow enough that all of them come while the first is being checked.
        await using var app = await TestApp.Start(settings: [("Perdure:ApiKeys:0:name", "Grace"), ("Perdure:ApiKeys:0:hash", Pbkdf2("Grace.my own words", 300_000)), ("Perdure:ApiKeys:0:roles:0", "reader")]);
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => As(app, "Grace.my own words", "GET", "/api/instances")));
        foreach (var answer in answers)
        {
            if (answer.IsSuccessStatusCode) continue;
            await Problem.Is(answer, 503, "access.busy");
            Assert.NotNull(answer.Headers.RetryAfter?.Delta);
        }
        Assert.Contains(answers, a => a.IsSuccessStatusCode);
        Assert.Equal(200, (int)(await As(app, "Grace.my own words", "GET", "/api/instances")).StatusCode);
    }

    [Fact]
    public async Task Requests_that_wait_for_the_check_of_the_same_right_key_check_it_once()
    {
        var options = new PerdureHttpOptions { ApiKeys = { new() { Name = "Grace", Hash = Pbkdf2("Grace.my own words", 300_000) } } };
        var keys = new KeyRing(Microsoft.Extensions.Options.Options.Create(options));
        var found = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => keys.Find("Grace.my own words", default))));
        Assert.All(found, f => Assert.Equal("Grace", f?.Name));
        Assert.Equal(1, keys.Checks);
    }

    [Fact]
    public async Task A_gate_takes_its_own_role_and_records_who()
    {
        await using var app = await TestApp.Start(settings: Keys);
        var started = await As(app, "ops-key", "POST", "/api/workflows/parcels/instances", TestApp.Parcel("P", weight: 500), ("Idempotency-Key", "k"));
        var id = started.Headers.Location!.ToString().Split('/')[^1];
        app.Http.DefaultRequestHeaders.Add("X-Api-Key", "ops-key");
        await app.Until(id, i => i.GetProperty("phase").GetString() == "gate");
        app.Http.DefaultRequestHeaders.Clear();
        var (gate, yes) = ($"/api/gates/{id}.2/decision", """{"approved":true,"why":"fine"}""");
        await Problem.Is(await As(app, null, "POST", gate, yes), 401, "access.key");
        await Problem.Is(await As(app, "ops-key", "POST", gate, yes), 403, "gate.role");
        await Problem.Is(await As(app, "Grace.not my words", "POST", gate, yes), 401, "access.key");
        for (var i = 0; i < 2; i++)
            Assert.Contains("\"by\":\"Grace\"", await (await As(app, "Grace.my own words", "POST", gate, yes)).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await Problem.Is(await As(app, "Grace.my own words", "POST", gate, """{"approved":false}"""), 409, "gate.decided");
    }

    [Fact]
    public async Task Without_keys_the_fallback_denies_whoever_is_not_on_this_machine()
    {
        // A middleware before everything plays a connection from elsewhere: nothing that such a request says makes it local.
        await using var app = await TestApp.Start(build: b => Elsewhere.Add(b.Services, forwarded: false));
        foreach (var path in (string[])["/api/instances", "/api/events", "/metrics", "/health/live", "/openapi/v1.json", "/", "/favicon.ico"])
            foreach (var header in (string?[])[null, "Host: localhost", "X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1", "X-Perdure-User: root", "Authorization: Bearer x"])
            {
                var (name, value) = header is null ? ("X-None", "") : (header.Split(": ")[0], header.Split(": ")[1]);
                await Problem.Is(await As(app, null, "GET", path, null, (name, value)), 403, "access.local-only");
            }
        await Problem.Is(await As(app, null, "POST", "/api/workflows/parcels/instances", TestApp.Parcel("P"), ("Idempotency-Key", "k")), 403, "access.local-only");
    }

    [Fact]
    public async Task An_address_that_a_middleware_made_of_a_header_does_not_count()
    {
        await using var app = await TestApp.Start(build: b => Elsewhere.Add(b.Services, forwarded: true));
        await Problem.Is(await As(app, null, "GET", "/api/instances"), 403, "access.local-only");
    }

    [Theory]
    [InlineData("192.168.1.5", "192.168.1.5", "192.168.1.5", "192.168.1.5", null, true)]
    [InlineData("::ffff:192.168.1.5", "192.168.1.5", "::ffff:192.168.1.5", "localhost", null, true)]
    [InlineData("127.0.0.1", "127.0.0.1", "127.0.0.1", "localhost", null, true)]
    [InlineData("192.168.1.6", "192.168.1.5", "192.168.1.6", "192.168.1.5", null, false)]
    [InlineData("192.168.1.5", "192.168.1.5", "203.0.113.7", "192.168.1.5", null, false)]      // a middleware believed a header
    [InlineData("192.168.1.5", "192.168.1.5", "192.168.1.5", "192.168.1.5", "X-Forwarded-For", false)]
    [InlineData("192.168.1.5", "192.168.1.5", "192.168.1.5", "shop.example", null, false)]
    [InlineData("192.168.1.5", "192.168.1.5", "192.168.1.5", "192.168.1.6", null, false)]
    public void From_this_machine_is_what_comes_from_the_address_that_it_came_to(string remote, string local, string socket, string host, string? mark, bool here)
    {
        using var services = new ServiceCollection().AddOptions().BuildServiceProvider();
        var context = new DefaultHttpContext { RequestServices = services };
        (context.Connection.RemoteIpAddress, context.Connection.LocalIpAddress, context.Request.Host) = (IPAddress.Parse(remote), IPAddress.Parse(local), new(host, 5000));
        context.Features.Set(new RemoteSocket(new IPEndPoint(IPAddress.Parse(socket), 4711), new IPEndPoint(IPAddress.Parse(local), 5000)));
        if (mark is not null) context.Request.Headers[mark] = "127.0.0.1";
        Assert.Equal(here, context.IsFromThisMachine());
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://[::]:0")]
    public async Task Without_keys_a_node_refuses_to_listen_to_others(string url)
    {
        var refused = await Assert.ThrowsAsync<OpenToAllException>(() => TestApp.Start(build: b => b.WebHost.UseUrls(url)));
        Assert.Contains("Perdure:ApiKeys", refused.Message, StringComparison.Ordinal);
        Assert.Equal("access.open", refused.Code);
    }

    [Fact]
    public async Task Without_keys_listening_to_others_by_code_is_found_too() =>
        await Assert.ThrowsAsync<OpenToAllException>(() => TestApp.Start(build: b => b.WebHost.ConfigureKestrel(k => k.ListenAnyIP(0))));

    [Fact]
    public async Task With_keys_it_may_listen_to_others()
    {
        await using var app = await TestApp.Start(build: b => b.WebHost.UseUrls("http://0.0.0.0:0"), settings: Keys);
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, app.Address.Port);
    }

    [Fact]
    public async Task A_key_that_cannot_be_used_stops_the_start()
    {
        var bad = await Assert.ThrowsAnyAsync<InvalidOperationException>(() => TestApp.Start(settings: [("Perdure:ApiKeys:0:name", "x"), ("Perdure:ApiKeys:0:hash", "plain text")]));
        Assert.Contains("sha256", bad.Message, StringComparison.Ordinal);
    }
}

/// <summary>Makes every connection look as if it came from another machine; or the socket only, as behind a middleware that believes a header.</summary>
internal sealed class Elsewhere(bool forwarded) : IStartupFilter
{
    private static readonly IPEndPoint Other = new(IPAddress.Parse("203.0.113.7"), 4711);

    public static void Add(IServiceCollection services, bool forwarded) => services.Insert(0, ServiceDescriptor.Singleton<IStartupFilter>(new Elsewhere(forwarded)));

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((HttpContext context, RequestDelegate rest) =>
        {
            // The server says where its socket leads.
            Assert.Equal(IPAddress.Loopback, ((IPEndPoint)context.Features.Get<RemoteSocket>()!.EndPoint!).Address);
            if (forwarded) context.Features.Set(new RemoteSocket(Other));
            else context.Connection.RemoteIpAddress = Other.Address;
            return rest(context);
        });
        next(app);
    };
}
