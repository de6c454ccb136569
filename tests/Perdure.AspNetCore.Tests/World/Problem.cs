using System.Net.Http.Json;
using System.Text.Json;

namespace Perdure.AspNetCore.Tests;

/// <summary>Problem documents, as a client sees them.</summary>
internal static class Problem
{
    public static async Task<JsonElement> Is(HttpResponseMessage answer, int status, string code)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == status, $"{(int)answer.StatusCode} instead of {status}: {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonElement.Parse(text);
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.Equal(code, problem.GetProperty("code").GetString());
        return problem;
    }
}
