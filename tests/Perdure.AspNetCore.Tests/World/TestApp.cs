using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Perdure.Sqlite;

namespace Perdure.AspNetCore.Tests;

/// <summary>A node on a real server on a loopback port.</summary>
public sealed class TestApp : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly WebApplication _app;
    private readonly string _folder;
    private readonly bool _keeps;

    private TestApp(WebApplication app, string folder, bool keeps, LogLines logs)
    {
        (_app, _folder, _keeps, Logs) = (app, folder, keeps, logs);
        Address = new(app.Urls.First());
        Http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Address, Timeout = Patience };
    }

    internal WatchedStore Store => (WatchedStore)_app.Services.GetRequiredService<Ports.IStore>();
    public LogLines Logs { get; }
    public Uri Address { get; }
    public HttpClient Http { get; }
    public Weather Weather => _app.Services.GetRequiredService<Weather>();
    public IPerdure Engine => _app.Services.GetRequiredService<IPerdure>();
    public IServiceProvider Services => _app.Services;

    /// <summary>A node on a store of its own, in a folder that goes with it.</summary>
    public static Task<TestApp> Start(Action<PerdureHttpOptions>? configure = null, Action<WebApplicationBuilder>? build = null, params (string Key, string Value)[] settings) =>
        Start(Directory.CreateTempSubdirectory("perdure-http-").FullName, keeps: false, configure, build, settings);

    /// <summary>A node on the store in a folder that stays.</summary>
    public static Task<TestApp> Start(string folder, Action<PerdureHttpOptions>? configure = null) => Start(folder, keeps: true, configure, null, []);

    private static async Task<TestApp> Start(string folder, bool keeps, Action<PerdureHttpOptions>? configure, Action<WebApplicationBuilder>? build, (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => (string?)s.Value));
        builder.WebHost.UseKestrel();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        var logs = new LogLines();
        builder.Logging.AddProvider(logs);
        builder.Services.AddSingleton<Weather>();
        builder.Services.AddPerdure(p => p.Workflow<Parcels>().UseStore(of => new WatchedStore(
            new SqliteStore(new() { Path = Path.Combine(folder, "perdure.db") }, of.GetRequiredService<ILogger<SqliteStore>>()))));
        builder.Services.AddPerdureHttp(configure);
        build?.Invoke(builder);
        var app = builder.Build();
        app.MapPerdure();
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            if (!keeps) Directory.Delete(folder, recursive: true);
            throw;
        }
        return new(app, folder, keeps, logs);
    }

    public static string Parcel(string id, string mood = "calm", decimal weight = 5) =>
        $$"""{"parcelId":"{{id}}","weight":{{weight.ToString(System.Globalization.CultureInfo.InvariantCulture)}},"pieces":1,"to":{"street":"Kai 1","city":"Bergen"},"mood":"{{mood}}"}""";

    public Task<HttpResponseMessage> Post(string path, string? json, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return Http.SendAsync(request);
    }

    public Task<HttpResponseMessage> StartParcel(string json, string? key = null) =>
        Post("/api/workflows/parcels/instances", json, ("Idempotency-Key", key ?? $"key-{Guid.NewGuid():N}"));

    public async Task<string> Started(string mood = "calm", decimal weight = 5)
    {
        var answer = await StartParcel(Parcel($"P-{Guid.NewGuid():N}", mood, weight));
        Assert.Equal(201, (int)answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
    }

    public async Task<JsonElement> Get(string path) => await Http.GetFromJsonAsync<JsonElement>(path);

    /// <summary>Waits on the feed until the instance is as wanted.</summary>
    public async Task<JsonElement> Until(string id, Func<JsonElement, bool> wanted)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            var end = await Engine.Views.FeedEnd(limit.Token);
            var now = await Get($"/api/instances/{id}");
            if (wanted(now)) return now;
            try
            {
                await Engine.FeedMoved(end, limit.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"It never came to that. It is now:\n{now}\n{string.Join('\n', Logs.Lines)}");
            }
        }
    }

    public Task<JsonElement> Ended(string id) => Until(id, i => i.GetProperty("status").GetString() == "ended");

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        using var limit = new CancellationTokenSource(Patience);
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
        if (!_keeps) Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>What was logged.</summary>
public sealed class LogLines : ILoggerProvider, ILogger
{
    private readonly List<(LogLevel Level, string Text)> _lines = [];

    public IReadOnlyList<(LogLevel Level, string Text)> Lines
    {
        get
        {
            lock (_lines) return [.. _lines];
        }
    }

    public ILogger CreateLogger(string categoryName) => this;
    public void Dispose() { }
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        lock (_lines) _lines.Add((logLevel, $"{formatter(state, exception)} {exception}"));
    }
}
