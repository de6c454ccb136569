using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Perdure.AspNetCore.Tests;

public sealed class PagesGetDelivered
{
    [Fact]
    public async Task To_the_log_and_to_a_webhook_until_it_acknowledges()
    {
        var got = new ConcurrentQueue<JsonElement>();
        await using var pager = await Pager(got, failures: 3);
        await using var app = await TestApp.Start(o =>
        {
            o.Pager.Url = new(pager.Address + "/v2/enqueue");
            o.Pager.RoutingKey = "R0UT1NG";
            o.Pager.Backoff = TimeSpan.FromMilliseconds(20);
        });
        var id = await app.Started("broken");
        await app.Store.PageDelivered.Task.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(4, got.Count);
        var posted = Assert.Single(got.Select(g => g.GetRawText()).Distinct());
        var page = JsonElement.Parse(posted);
        Assert.Equal(("R0UT1NG", "trigger", $"{id}/incident/1"), (page.GetProperty("routing_key").GetString(), page.GetProperty("event_action").GetString(), page.GetProperty("dedup_key").GetString()));
        var payload = page.GetProperty("payload");
        Assert.Equal(("critical", "parcels", "In_Custody"), (payload.GetProperty("severity").GetString(), payload.GetProperty("component").GetString(), payload.GetProperty("group").GetString()));
        foreach (var field in (string[])["summary", "source", "timestamp", "class", "custom_details"]) Assert.True(payload.TryGetProperty(field, out _), field);

        var shown = (await app.Get("/api/pages")).GetProperty("pages")[0];
        Assert.Equal(4, shown.GetProperty("tries").GetInt32());
        Assert.True(shown.TryGetProperty("delivered", out _));
        // The log acknowledged at the first try and got it once.
        Assert.Single(app.Logs.Lines, l => l.Level == LogLevel.Critical);
    }

    [Fact]
    public async Task After_a_restart_if_they_were_still_owed()
    {
        var got = new ConcurrentQueue<JsonElement>();
        using var folder = new Folder();
        string id;
        await using (var app = await TestApp.Start(folder.Path, o => o.Pager.Url = new("http://127.0.0.1:1/nobody")))
        {
            id = await app.Started("broken");
            await app.Store.PageNotDelivered.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }
        await using var pager = await Pager(got, failures: 0);
        await using var again = await TestApp.Start(folder.Path, o => o.Pager.Url = new(pager.Address));
        await again.Store.PageDelivered.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal($"{id}/incident/1", Assert.Single(got).GetProperty("dedup_key").GetString());
    }

    private static async Task<Receiver> Pager(ConcurrentQueue<JsonElement> got, int failures)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        var app = builder.Build();
        app.MapPost("{**path}", (JsonElement body) =>
        {
            got.Enqueue(body.Clone());
            return got.Count > failures ? Microsoft.AspNetCore.Http.Results.StatusCode(202) : Microsoft.AspNetCore.Http.Results.StatusCode(503);
        });
        await app.StartAsync();
        return new(app, app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    private sealed record Receiver(WebApplication App, string Address) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => App.DisposeAsync();
    }
}
