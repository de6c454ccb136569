using Xunit;

namespace Perdure.Analyzers.Tests;

/// <summary>PERD005.</summary>
public sealed class ForeignAwaitsTests
{
    [Theory]
    [InlineData("await [|Task.WhenAny(visit.Run(pick, \"a\"), visit.Sleep(1.Days))|];", "visit.Race")]
    [InlineData("var first = await await [|Task.WhenAny(visit.Run(pick, \"a\"), visit.Run(reserve, \"b\"))|];", "visit.Race")]
    [InlineData("await [|Task.Delay(5)|]; [|Thread.Sleep(5)|];", "visit.Sleep")]
    [InlineData("await [|Task.Run(() => 1)|]; await [|Task.Yield()|]; await [|Task.Factory.StartNew(() => 1)|];", "operation")]
    [InlineData("[|Parallel.ForEach(order.Lines, l => { })|];", "visit.Each")]
    [InlineData("[|Task.WaitAll(visit.Sleep(1.Days))|];", "await Task.WhenAll")]
    public Task What_a_body_never_calls(string statements, string advice) => Analyzed.Says("PERD005", Code.Body(statements), advice);

    [Theory]
    [InlineData("var text = await [|http.GetStringAsync(\"http://localhost\")|];")]
    [InlineData("var text = await [|http.GetStringAsync(\"http://localhost\").ConfigureAwait(false)|];")]
    [InlineData("var task = http.GetStringAsync(\"http://localhost\"); var text = await [|task|];")]
    [InlineData("await [|Task.WhenAll(visit.Sleep(1.Days), http.GetStringAsync(\"http://localhost\"))|];")]
    [InlineData("var all = order.Lines.Select(l => http.GetStringAsync(l)).ToList(); await [|Task.WhenAll(all)|];")]
    [InlineData("var all = await [|Task.WhenAll(order.Lines.Select(l => http.GetStringAsync(l)))|];")]
    [InlineData("foreach (var l in order.Lines) await [|File.WriteAllTextAsync(l, l)|];")]
    [InlineData("var all = order.Lines.Select(async l => await [|http.GetStringAsync(l)|]); await Task.WhenAll(all);")]
    [InlineData("await [|visit.Run(pick, \"a\").WaitAsync(1.Seconds)|];")]
    [InlineData("await ([|order.Total > 1 ? visit.Sleep(1.Days) : File.WriteAllTextAsync(\"a\", \"b\")|]);")]
    [InlineData("await foreach (var line in [|File.ReadLinesAsync(\"a\")|]) { }")]
    [InlineData("await [|new SemaphoreSlim(1).WaitAsync()|];")]
    public Task Awaiting_what_is_foreign(string statements) => Analyzed.Says("PERD005", Code.Body(statements), "does not come from the visit");

    [Theory]
    [InlineData("var r = [|visit.Run(pick, \"a\").Result|];")]
    [InlineData("var r = [|visit.Run(pick, \"a\").GetAwaiter().GetResult()|];")]
    [InlineData("[|visit.Run(pick, \"a\").ConfigureAwait(false).GetAwaiter().GetResult()|];")]
    [InlineData("[|visit.Sleep(1.Days).Wait()|];")]
    [InlineData("var task = visit.Run(pick, \"a\"); var r = [|task.Result|]; await task;")]
    public Task Blocking_on_what_the_visit_gives(string statements) => Analyzed.Says("PERD005", Code.Body(statements), "await it");

    [Fact]
    public Task An_asynchronous_method_without_the_visit() => Analyzed.Says("PERD005",
        Code.Body("await [|Tell(order)|]; await [|_ready|];", "private Task Tell(Order order) => http.GetStringAsync(order.Id); private readonly Task _ready = Task.CompletedTask;"));

    [Theory]
    [InlineData("var parcel = await visit.Run(pick, \"a\").ConfigureAwait(false);")]
    [InlineData("var both = await Task.WhenAll(visit.Run(pick, \"a\"), visit.Run(reserve, \"b\")).ConfigureAwait(false);")]
    [InlineData("var a = visit.Run(pick, \"a\"); var b = visit.Sleep(1.Days); await Task.WhenAll(a, b); await a; await b;")]
    [InlineData("var all = order.Lines.Select(l => visit.Run(pick, l, key: l)).ToList(); await Task.WhenAll(all); foreach (var one in all) await one; await all[0]; await all.First();")]
    [InlineData("var all = order.Lines.Select(async l => { var p = await visit.Run(pick, l, key: l); return await visit.Run(reserve, p.Sku, key: l); }); await Task.WhenAll(all);")]
    [InlineData("var a = visit.Run(pick, \"a\"); var b = visit.Sleep(1.Days); if (await visit.Race(\"who\", a, b) == 0) await a;")]
    [InlineData("await Task.CompletedTask; var one = await Task.FromResult(1); await ValueTask.CompletedTask;")]
    [InlineData("async Task<Parcel> Both(string l) { await visit.Sleep(1.Days); return await visit.Run(pick, l); } await Both(\"a\");")]
    [InlineData("Func<Task> twice = async () => { await visit.Sleep(1.Days); }; await twice();")]
    [InlineData("await Helper(visit, order); await visit.Nap(); await Task.WhenAll(Helper(visit, order), visit.Nap());")]
    [InlineData("var a = visit.Run(pick, \"a\"); var b = visit.Run(reserve, \"b\"); await Task.WhenAll(a, b); var both = a.Result.Sku + b.GetAwaiter().GetResult().Sku;")]
    [InlineData("async Task W() { await visit.Sleep(1.Days); } await W(); var outcome = await visit.Try(pick, \"a\"); var other = Task.FromResult(1).Result;")]
    [InlineData("var pair = (A: visit.Run(pick, \"a\"), B: visit.Sleep(1.Days)); await pair.A; await pair.B;")]
    [InlineData("Task<Parcel>? late = null; if (order.Total > 1) late = visit.Run(pick, \"a\"); if (late is not null) await late;")]
    [InlineData("try { await visit.Run(pick, \"a\"); } catch (OperationFailed e) when (!e.Transient) { await visit.Run(reserve, e.Code); }")]
    [InlineData("await (order.Total switch { > 1 => visit.Sleep(1.Days), _ => Task.CompletedTask });")]
    public Task What_comes_from_the_visit_is_accepted(string statements) => Analyzed.Accepts(
        Code.Body(statements, "private async Task Helper(IVisit<Order> visit, Order order) => await visit.Run(pick, order.Id);")
        + "public static class Naps { public static async Task Nap(this IVisit visit) => await visit.Sleep(1.Hours); }");

    [Fact]
    public Task What_is_no_body_is_left_alone() => Analyzed.Accepts(Code.Body("", "public async Task Elsewhere(Order order) { await Task.Delay(1); await Task.WhenAny(http.GetStringAsync(order.Id)); }"));
}
