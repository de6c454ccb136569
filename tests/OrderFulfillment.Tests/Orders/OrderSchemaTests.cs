using System.Text;
using Shop.Orders;

namespace Shop.Tests.Orders;

public sealed class OrderSchemaTests
{
    private const string Good = """
        {"orderId":"o-1","customerId":"c-1","currency":"EUR","lines":[{"sku":"SKU-1","quantity":2,"unitPrice":12.50}],"total":25.00,
         "card":"4242424242424242","shipTo":{"name":"Ada","street":"1 Main","city":"London","country":"GB"}}
        """;

    [Fact]
    public void An_order_fits() => Assert.Empty(Faults(Good));

    [Fact]
    public void Every_fault_is_named() => Assert.Equal(
        ["$.orderId", "$.currency", "$.lines[0].quantity", "$.lines[1]", "$.total", "$.card", "$.shipTo.city", "$.shipTo.country", "$.shipTo.planet", "$.note"],
        Faults("""
            {"orderId":"","customerId":"c-1","currency":"eur","lines":[{"sku":"SKU-1","quantity":0,"unitPrice":12.50},7],"total":"25.00",
             "card":"42","shipTo":{"name":"Ada","street":"1 Main","country":"Germany","planet":"Earth"},"note":null}
            """));

    [Theory]
    [InlineData("", "$")]
    [InlineData("{", "$")]
    [InlineData("[]", "$")]
    [InlineData("null", "$")]
    [InlineData("\"order\"", "$")]
    [InlineData("{\"a\":1,\"a\":2}", "$")]
    public void What_is_no_object_is_one_fault(string body, string path) => Assert.Equal([path], Faults(body));

    [Theory]
    [InlineData("\"quantity\":2", "\"quantity\":2.5", "$.lines[0].quantity")]
    [InlineData("\"quantity\":2", "\"quantity\":-2", "$.lines[0].quantity")]
    [InlineData("\"quantity\":2", "\"quantity\":99999999999999999999", "$.lines[0].quantity")]
    [InlineData("\"quantity\":2", "\"quantity\":\"2\"", "$.lines[0].quantity")]
    [InlineData("\"unitPrice\":12.50", "\"unitPrice\":-1", "$.lines[0].unitPrice")]
    [InlineData("\"unitPrice\":12.50", "\"unitPrice\":1e400", "$.lines[0].unitPrice")]
    [InlineData("\"total\":25.00", "\"total\":1e999999", "$.total")]
    [InlineData("\"total\":25.00", "\"total\":null", "$.total")]
    [InlineData("\"o-1\"", "\"o\\u0000\"", "$.orderId")]
    [InlineData("\"o-1\"", "\"\\ud800\"", "$.orderId")]
    [InlineData("\"o-1\"", "{}", "$.orderId")]
    [InlineData("4242424242424242", "4242 4242 4242 4242", "$.card")]
    [InlineData("\"GB\"", "\"GB\\n\"", "$.shipTo.country")]
    [InlineData("\"EUR\"", "\"ＥＵＲ\"", "$.currency")]
    public void One_thing_wrong_is_one_fault(string right, string wrong, string path) => Assert.Equal([path], Faults(Good.Replace(right, wrong, StringComparison.Ordinal)));

    [Fact]
    public void Lines_are_one_to_a_hundred()
    {
        const string line = """{"sku":"SKU-1","quantity":2,"unitPrice":12.50}""";
        Assert.Equal(["$.lines"], Faults(Good.Replace(line, "", StringComparison.Ordinal)));
        Assert.Empty(Faults(Good.Replace(line, string.Join(',', Enumerable.Repeat(line, 100)), StringComparison.Ordinal)));
        Assert.Equal(["$.lines"], Faults(Good.Replace(line, string.Join(',', Enumerable.Repeat(line, 101)), StringComparison.Ordinal)));
    }

    [Fact]
    public void Depth_is_bounded() => Assert.Equal(["$"], Faults(new string('[', 5_000) + new string(']', 5_000)));

    private static IEnumerable<string> Faults(string body) => OrderSchema.Faults(Encoding.UTF8.GetBytes(body)).Select(fault => fault.Path);
}
