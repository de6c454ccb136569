using System.Net.Http.Json;
using System.Text.Json;
using Perdure.Kernel;

namespace Perdure.AspNetCore.Tests;

/// <summary>Who says <c>?stale=true</c> gets what a replica has, and how old that may be; everybody else what is.</summary>
public sealed class StaleReadsOverHttp
{
    private const string Header = "Perdure-Staleness";

    private static string? Age(HttpResponseMessage answer) => answer.Headers.TryGetValues(Header, out var values) ? Assert.Single(values) : null;

    private static async Task<(JsonElement Body, string? Age)> Get(TestApp app, string path)
    {
        var answer = await app.Http.GetAsync(path);
        Assert.Equal(200, (int)answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(), Age(answer));
    }

    [Fact]
    public async Task What_a_replica_has_is_shown_to_who_takes_it_with_its_age()
    {
        await using var app = await TestApp.Start();
        var id = await app.Started(weight: 200);
        await app.Until(id, i => i.GetProperty("state").GetString() == "Held");
        var replica = await Remembered.Take(app.Store, InstanceId.TryParse(id, out var instance) ? instance : default);
        Assert.Equal(200, (int)(await app.Post($"/api/gates/{id}.2/decision", """{"approved":true}""")).StatusCode);
        await app.Ended(id);
        var other = await app.Started();
        await app.Ended(other);
        (app.Store.Replica, replica.Staleness) = (replica, TimeSpan.FromSeconds(6.2));

        var (old, age) = await Get(app, $"/api/instances/{id}?stale=true");
        Assert.Equal(("Held", "7"), (old.GetProperty("state").GetString(), age));
        Assert.Equal(1, (await Get(app, "/api/gates?stale=true")).Body.GetProperty("gates").GetArrayLength());
        Assert.Equal("Held", (await Get(app, $"/api/gates/{id}.2?stale=true")).Body.GetProperty("state").GetString());
        Assert.Equal(1, (await Get(app, "/api/instances?stale=true")).Body.GetProperty("instances").GetArrayLength());
        var (history, historyAge) = await Get(app, $"/api/instances/{id}/history?stale=true");
        Assert.Equal("7", historyAge);

        // An instance that the replica has not got yet is not there, and the answer says why it may be.
        var missing = await app.Http.GetAsync($"/api/instances/{other}?stale=true");
        Assert.Equal("7", Age(missing));
        await Problem.Is(missing, 404, "instance.not-found");

        foreach (var said in (string[])["", "?stale=false"])
        {
            var (now, none) = await Get(app, $"/api/instances/{id}{said}");
            Assert.Equal(("DELIVERED", null), (now.GetProperty("state").GetString(), none));
        }
        Assert.Equal(0, (await Get(app, "/api/gates")).Body.GetProperty("gates").GetArrayLength());
        Assert.Equal(2, (await Get(app, "/api/instances")).Body.GetProperty("instances").GetArrayLength());
        Assert.True((await Get(app, $"/api/instances/{id}/history")).Body.GetProperty("events").GetArrayLength() > history.GetProperty("events").GetArrayLength());

        replica.Staleness = null;
        Assert.Equal("unknown", (await Get(app, $"/api/instances/{id}?stale=true")).Age);
    }

    [Fact]
    public async Task Without_a_replica_what_is_now_is_shown_and_its_age_is_zero()
    {
        await using var app = await TestApp.Start();
        var id = await app.Started();
        await app.Ended(id);
        var (now, age) = await Get(app, $"/api/instances/{id}?stale=true");
        Assert.Equal(("DELIVERED", "0"), (now.GetProperty("state").GetString(), age));
        Assert.Equal("0", (await Get(app, "/api/instances?stale=true&limit=1")).Age);
    }

    [Fact]
    public async Task It_is_taken_where_it_can_be_meant_only()
    {
        await using var app = await TestApp.Start();
        var id = await app.Started();
        await Problem.Is(await app.Http.GetAsync($"/api/instances/{id}?stale=perhaps"), 400, "query.malformed");
        await Problem.Is(await app.Http.GetAsync($"/api/instances/{id}/verify?stale=true"), 400, "query.malformed");
        await Problem.Is(await app.Post($"/api/instances/{id}/pause?stale=true", null), 400, "query.malformed");
    }
}
