using Xunit;

namespace Perdure.Analyzers.Tests;

/// <summary>PERD003 and PERD004.</summary>
public sealed class ChanceTests
{
    [Theory]
    [InlineData("if ([|DateTime.Now|].Hour > 8) return new Gone(\"closed\");")]
    [InlineData("var at = [|DateTime.UtcNow|]; var day = [|DateTime.Today|];")]
    [InlineData("var at = [|DateTimeOffset.Now|] - [|DateTimeOffset.UtcNow|];")]
    [InlineData("var watch = [|Stopwatch.StartNew()|]; var passed = watch.Elapsed;")]
    [InlineData("var watch = [|new Stopwatch()|]; watch.Start(); var ticks = [|Stopwatch.GetTimestamp()|];")]
    [InlineData("var at = [|TimeProvider.System.GetUtcNow()|]; var here = [|time.GetLocalNow()|]; var ticks = [|time.GetTimestamp()|];")]
    [InlineData("var ticks = [|Environment.TickCount64|] + [|Environment.TickCount|];")]
    [InlineData("var hours = order.Lines.Select(l => [|DateTime.Now|].Hour).ToList();")]
    [InlineData("Func<DateTime> later = () => [|DateTime.Now|]; var at = visit.Once(\"at\", later);")]
    public Task Clocks(string statements) => Analyzed.Says("PERD003", Code.Body(statements), "visit.Now()");

    [Theory]
    [InlineData("var id = [|Guid.NewGuid()|]; var other = [|Guid.CreateVersion7()|];")]
    [InlineData("var x = [|new Random()|].Next(); var y = [|Random.Shared|].Next(); var z = [|dice.Next()|];")]
    [InlineData("var x = [|System.Security.Cryptography.RandomNumberGenerator.GetInt32(9)|];")]
    [InlineData("Random mine = [|new()|]; var name = [|Path.GetRandomFileName()|];")]
    [InlineData("Func<Guid> make = [|Guid.NewGuid|];")]
    public Task Randomness(string statements) => Analyzed.Says("PERD004", Code.Body(statements), "which is journaled");

    [Theory]
    [InlineData("var at = visit.Now(); var at2 = visit.Once(\"at\", () => DateTimeOffset.UtcNow); var ticks = visit.Once(\"t\", () => { var w = Stopwatch.StartNew(); return w.Elapsed; });")]
    [InlineData("var id = visit.NewId(); var id2 = visit.Once(\"other\", () => Guid.NewGuid()); var id3 = visit.Once(\"third\", Guid.NewGuid.Invoke);")]
    [InlineData("var x = visit.Random(); var y = new Random(42).Next(); var parsed = Guid.Parse(order.Id); var old = DateTime.Parse(order.Id).AddDays(1);")]
    [InlineData("var dated = new DateTime(2026, 1, 1); var min = DateTimeOffset.MinValue; var span = TimeSpan.FromSeconds(1);")]
    public Task What_is_journaled_or_the_same_each_time_is_accepted(string statements) => Analyzed.Accepts(Code.Body(statements).Replace("Guid.NewGuid.Invoke", "() => Guid.NewGuid()", StringComparison.Ordinal));

    [Fact]
    public Task In_any_method_that_takes_a_visit() => Analyzed.Says("PERD003", Code.Body("await Wait(visit);", """
        private static async Task Wait(IVisit visit) { if ([|DateTime.Now|].Hour < 8) await visit.Sleep(1.Hours); }
        private static DateTime Elsewhere() => DateTime.Now;
        """));

    [Fact]
    public Task In_a_gate() => Analyzed.Says("PERD003", Code.Body("", "public To<Done> Decide(IVisit<Order> visit, Held held, Decision decision) => new Done([|DateTime.Now|].ToString());"));
}
