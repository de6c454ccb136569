using Xunit;

namespace Perdure.Analyzers.Tests;

/// <summary>The rules in code of every shape: branches, interpolation, patterns, functions within functions.</summary>
public sealed class ShapesOfCodeTests
{
    [Theory]
    [InlineData("var n = order.Total > 1 ? \"a\" : \"b\"; visit.Once(n, () => 1); visit.Once(n, () => 2);")]
    [InlineData("visit.Once(order.Total > 1 ? \"a\" : \"b\", () => 1); visit.Once(\"a\", () => 2);")]
    [InlineData("await visit.Run(pick, \"a\", key: order.Id); await visit.Run(pick, \"b\", key: order.Id);")]
    [InlineData("async Task Two(string l) { await visit.Run(pick, l, key: l); } await Task.WhenAll(Two(\"a\"), Two(\"b\"));")]
    [InlineData("for (var i = 0; i < 3; i++) { var r = await visit.Try(pick, \"a\"); if (r.Ok) break; await visit.Sleep(1.Seconds); }")]
    [InlineData("try { await visit.Run(pick, \"a\"); } catch (OperationFailed) { await visit.Run(pick, \"b\"); }")]
    [InlineData("if (await visit.Race(\"w\", visit.Run(pick, \"a\", key: \"1\"), visit.Signal<Parcel>()) == 0) { } else { await visit.Run(reserve, \"z\"); }")]
    [InlineData("var one = visit.Run(pick, \"a\"); var two = visit.Run(reserve, \"b\"); var (x, y) = (await one, await two);")]
    [InlineData("var at = order.Id == \"\" ? DateTimeOffset.UnixEpoch : visit.Now();")]
    [InlineData("Task<Parcel> Go1(string s) => visit.Run(pick, s); await Go1(\"a\");")]
    [InlineData("Func<string, Task<Parcel>> go = s => visit.Run(pick, s); await go(\"a\");")]
    [InlineData("var child = await visit.Signal<Parcel>(within: 1.Days) is { } p ? p : null;")]
    [InlineData("var step = order.Total > 1 ? pick : pick; await visit.Run(step, \"a\"); await visit.Run(step, \"b\");")]
    [InlineData("Irreversible<string, Parcel> s = pick; await Task.WhenAll(visit.Run(s, \"a\"), visit.Run(s, \"b\", key: \"k\"));")]
    public Task What_is_right_however_it_is_put_is_accepted(string s) => Analyzed.Accepts(Code.Body(s));

    [Theory]
    [InlineData("PERD003", "DateTimeOffset At() => [|DateTimeOffset.UtcNow|]; var a = At();")]
    [InlineData("PERD003", "var text = $\"{[|DateTime.Now|]}\";")]
    [InlineData("PERD003", "var o = order with { Id = [|DateTime.Now|].ToString() };")]
    [InlineData("PERD003", "await visit.Run(pick, [|DateTime.Now|].ToString());")]
    [InlineData("PERD003", "var x = visit.Once(\"a\", () => 1) + [|Environment.TickCount|];")]
    [InlineData("PERD003", "if (order.Lines is [var l] && l == [|DateTime.UtcNow|].ToString()) { }")]
    [InlineData("PERD004", "await visit.Sleep(TimeSpan.FromSeconds([|Random.Shared|].Next(5)));")]
    [InlineData("PERD004", "var s = [|System.Security.Cryptography.RandomNumberGenerator.GetHexString(4)|];")]
    [InlineData("PERD005", "async Task W() { await [|Task.Delay(1)|]; } await W();")]
    [InlineData("PERD002", "var t = visit.Run(pick, \"a\"); foreach (var l in order.Lines) await [|visit.Run(pick, l)|]; await t;")]
    [InlineData("PERD002", "var a = visit.Try(pick, \"1\"); var b = order.Total > 1 ? [|visit.Try(pick, \"2\")|] : null; await a; if (b is not null) await b;")]
    [InlineData("PERD002", "await visit.Race(\"w\", visit.Run(pick, \"a\"), [|visit.Run(pick, \"b\")|]);")]
    [InlineData("PERD005", "var first = await [|Task.WhenAny(order.Lines.Select(l => visit.Run(pick, l, key: l)))|];")]
    [InlineData("PERD003", "var x = visit.Once(\"a\", () => { return 1; }) + [|DateTime.Now|].Hour;")]
    public Task What_is_wrong_however_it_is_put_is_reported(string id, string s) => Analyzed.Says(id, Code.Body(s));
}
