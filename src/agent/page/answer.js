/* How the run calls in: one function, whose answer is always plain JSON. */
replinet.call = async (name, given) => {
    try {
        return await replinet[name](...given);
    } catch (problem) {
        if (problem instanceof replinet.Gone) return { state: 'gone' };
        if (problem instanceof replinet.Refusal) return { state: 'refused', by: problem.message };
        return { state: 'failed', by: String(problem?.stack ?? problem).slice(0, 500) };
    }
};
