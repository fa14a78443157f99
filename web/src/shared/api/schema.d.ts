/** The objects of the API as its OpenAPI document tells them: made by `npm run api`, never edited. */
export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A preset with a task and a browser. */
        Agent: {
            /** @description Which actions of a model wait for a person: {"action", "text", "url", "ask"}; the first that fits decides. */
            approvals: {
                [key: string]: unknown;
            }[];
            /** @description Its browser: see /schemas/browser_config. */
            browser_config: {
                [key: string]: unknown;
            };
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description Credentials that it may use. */
            credential_ids?: string[];
            /** @description For people. */
            description: string;
            /**
             * Format: uuid
             * @description UUIDv7.
             */
            id: string;
            /** @description JSON Schema of a thread's inputs. */
            input_schema?: {
                [key: string]: unknown;
            } | null;
            /** @description Whether threads may be started. */
            is_active: boolean;
            /**
             * Format: date-time
             * @description When its newest thread was started.
             */
            last_thread_at?: string | null;
            /** @description What people call it. */
            name: string;
            /**
             * Format: uuid
             * @description Whose it is.
             */
            owner_id: string;
            /** @description What this agent is told. */
            personal_instructions: string;
            /**
             * Format: uuid
             * @description The preset that it thinks with.
             */
            preset_id: string;
            /** @description The preset's name. */
            preset_name?: string;
            /** @description Whether a thread that was lost after its first action may be run again. */
            repeat_after_loss: boolean;
            /** @description JSON Schema of its results. */
            result_schema?: {
                [key: string]: unknown;
            } | null;
            /** @description Counts changes; the ETag. */
            revision: number;
            /** @description Steps for ai_model "script": see /schemas/script. */
            script?: unknown;
            /**
             * @description running while a thread has not ended, error when the newest one failed.
             * @enum {string}
             */
            status: "idle" | "running" | "error";
            /**
             * Format: uuid
             * @description The team that shares it.
             */
            team_id: string | null;
            /** @description Those that completed. */
            threads_completed?: number;
            /** @description Those that failed. */
            threads_failed?: number;
            /** @description Threads that were started. */
            threads_total?: number;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
        };
        /** @description What a program signs in with. */
        ApiKey: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it stops to work; null: never.
             */
            expires_at?: string | null;
            /**
             * Format: uuid
             * @description UUIDv7.
             */
            id: string;
            /** @description The key itself, only in the answer that made it. */
            key?: string;
            /**
             * Format: date-time
             * @description When it was last used, to the minute.
             */
            last_used_at: string | null;
            /** @description What it is for. */
            name: string;
            /** @description Its first characters. */
            prefix: string;
            /** @description Counts changes; the ETag. */
            revision: number;
            /**
             * @description What it may be used for.
             * @example [
             *       "read",
             *       "run"
             *     ]
             */
            scopes: ("read" | "write" | "run" | "browsers" | "admin" | "mcp")[];
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
        };
        /** @description What a page must know first. */
        Config: {
            /** @description Of the web app. */
            languages: string[];
            /** @description Fewest characters of a password. */
            password_min: number;
            /** @description Whether anybody may make an account. */
            registration_open: boolean;
            /** @description Whether no model provider is set up: scripts only. */
            script_only: boolean;
            /** @description Of Replinet. */
            version: string;
        };
        /** @description What an agent signs in with. */
        Credential: {
            /** @description Agents that may use it. */
            agent_ids: string[];
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description For people. */
            description: string;
            /** @description Where it may be filled in: each domain and what is beneath it, over https. host:port means that port alone, with or without TLS. */
            domains: string[];
            /** @description Whether it has an authenticator's secret. */
            has_totp: boolean;
            /**
             * Format: uuid
             * @description UUIDv7.
             */
            id: string;
            /** @description What scripts and people call it. */
            name: string;
            /**
             * Format: uuid
             * @description Whose it is.
             */
            owner_id: string;
            /** @description Counts changes; the ETag. */
            revision: number;
            /**
             * Format: uuid
             * @description The team that shares it.
             */
            team_id: string | null;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
            /** @description No secret. */
            username: string;
        };
        /** @description What happened of late. */
        Dashboard: {
            /** @description total and active. */
            agents: {
                [key: string]: unknown;
            };
            /** @description Of the instance: active (leased), warm, max; null while the engine does not answer. */
            browsers: {
                [key: string]: unknown;
            } | null;
            /** @description How far back. */
            days: number;
            /** @description p50_ms and p95_ms of completed threads. */
            durations: {
                [key: string]: unknown;
            };
            /** @description tokens and cost_micro, and per day in series: date, tokens, cost_micro. */
            models: {
                [key: string]: unknown;
            };
            /** @description The newest threads. */
            recent: {
                [key: string]: unknown;
            }[];
            /** @description A day each: date, completed, error, stopped. */
            series: {
                [key: string]: unknown;
            }[];
            /** @description by_status, today, total, and success_rate (null before the first end). */
            threads: {
                [key: string]: unknown;
            };
            /** @description Those with most threads. */
            top_agents: {
                [key: string]: unknown;
            }[];
        };
        /** @description A question as its link shows it. */
        LinkedQuestion: {
            /** @description Who asks. */
            agent_name?: string | null;
            /**
             * Format: date-time
             * @description Since when it waits.
             */
            asked_at: string;
            /** @description The action that waits for approval. */
            call?: unknown;
            /** @description Answers to choose from. */
            choices?: string[] | null;
            /**
             * Format: date-time
             * @description Until when it can be answered.
             */
            deadline_at: string;
            /** @description What `values` may have: name and label each. */
            fields?: {
                [key: string]: unknown;
            }[] | null;
            /**
             * @description What is wanted.
             * @enum {string}
             */
            kind: "question" | "approval" | "captcha" | "code" | "blocked";
            /** @description A data: URL of what the page looked like. */
            screenshot?: string | null;
            /** @description What the agent says. It may repeat a page's words. */
            text: string;
        };
        /** @description The one who asks. */
        Me: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description To sign in with. */
            email: string;
            /**
             * Format: uuid
             * @description UUIDv7.
             */
            id: string;
            /** @description Whether they may sign in. */
            is_active: boolean;
            /**
             * Format: date-time
             * @description When they last signed in or refreshed.
             */
            last_seen_at: string | null;
            /** @description What models may cost them in a day (UTC), in millionths; null: what the role allows. */
            model_cost_day: number | null;
            /** @description What people call them. */
            name: string;
            /** @description What the role allows. */
            permissions: string[];
            /** @description Per quota {"used","limit"}; used is null for caps. */
            quotas: {
                [key: string]: unknown;
            };
            /** @description Counts changes; the ETag. */
            revision: number;
            /**
             * @description What they may do.
             * @enum {string}
             */
            role: "guest" | "free_user" | "pro_user" | "team_member" | "team_organizer" | "admin" | "super_admin";
            /** @description Language, theme and the like, as the web app keeps them. */
            settings: {
                [key: string]: unknown;
            };
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
        };
        /** @description A model that presets may name. */
        Model: {
            /** @description The provider names no models: any of its own may be asked for, as "provider/NAME". */
            any: boolean;
            /** @description Millionths of the accounting currency per million cached input tokens. */
            cached_price?: number;
            /** @description Most tokens that it reads; 0: not known. */
            context_tokens?: number;
            /** @description "provider/name", as a preset's ai_model has it. */
            id: string;
            /** @description Millionths of the accounting currency per million input tokens. */
            input_price?: number;
            /**
             * @description How its provider is spoken to.
             * @enum {string}
             */
            kind: "openai" | "anthropic";
            /** @description What people call it. */
            label: string;
            /**
             * @description The least role that may use it.
             * @enum {string}
             */
            min_role?: "guest" | "free_user" | "pro_user" | "team_member" | "team_organizer" | "admin" | "super_admin";
            /** @description What its provider calls it. */
            name: string;
            /** @description Millionths of the accounting currency per million output tokens. */
            output_price?: number;
            /** @description Its provider's name. */
            provider: string;
            /**
             * @description Where the provider is set up.
             * @enum {string}
             */
            source: "database" | "environment";
            /** @description Whether it sees pictures. */
            vision?: boolean;
        };
        /** @description The switch that pauses all models. */
        ModelPause: {
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            changed_at: string | null;
            /** @description Who did it. */
            changed_by: string | null;
            /** @description Whether runs wait before they ask a model. */
            paused: boolean;
        };
        /** @description Who offers models. */
        ModelProvider: {
            /** @description Where it is reached, such as http://127.0.0.1:11434/v1; empty: the kind's own. */
            base_url: string;
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string | null;
            /** @description Whether a key is kept. */
            has_key: boolean;
            /**
             * Format: uuid
             * @description null: one of the environment, which has a name only.
             */
            id: string | null;
            /** @description Whether its models may be used. */
            is_active: boolean;
            /**
             * @description openai: chat completions, as many others offer them. anthropic: Messages.
             * @enum {string}
             */
            kind: "openai" | "anthropic";
            /** @description What it offers; empty: any model, without prices, for every role. */
            models: components["schemas"]["ProviderModel"][];
            /** @description a-z, 0-9, _ and -; "name/model" in presets. It goes before one of the environment. */
            name: string;
            /** @description Counts changes; the ETag. */
            revision: number | null;
            /**
             * @description environment: it is read-only here; one of the same name in the database goes before it.
             * @enum {string}
             */
            source: "database" | "environment";
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string | null;
        };
        /** @description How a real call went. */
        ModelProviderTestResult: {
            /** @description What it cost, in millionths. */
            cost_micro?: number;
            /** @description How long that took. */
            duration_ms?: number;
            /** @description Why it did not: code, detail, hint. */
            error?: {
                [key: string]: unknown;
            } | null;
            /** @description Which one was asked. */
            model: string;
            /** @description Whether the model answered. */
            ok: boolean;
            /** @description What it said. */
            text?: string;
        };
        /** @description What models used; money in millionths of the accounting currency. */
        ModelUsage: {
            /** @description date, calls, input_tokens, output_tokens, cached_tokens (of the input), cost_micro; days without any are left out. */
            by_day: {
                [key: string]: unknown;
            }[];
            /** @description model, calls, input_tokens, output_tokens, cached_tokens (of the input), cost_micro. */
            by_model: {
                [key: string]: unknown;
            }[];
            /** @description user_id, email (both null: of users who were deleted), calls, input_tokens, output_tokens, cached_tokens (of the input), cost_micro. */
            by_user: {
                [key: string]: unknown;
            }[];
            /** @description How far back. */
            days: number;
            /** @description The caller's own, since midnight UTC: tokens, tokens_limit, cost_micro, cost_limit. */
            today: {
                [key: string]: unknown;
            };
            /** @description calls, input_tokens, output_tokens, cached_tokens (of the input), cost_micro. */
            total: {
                [key: string]: unknown;
            };
        };
        /** @description A model and how it thinks. */
        Preset: {
            /** @description How the model works: limits, vision and the like (docs/model.md). */
            additional_config: {
                [key: string]: unknown;
            };
            /** @description Agents that use it. */
            agents_count?: number;
            /**
             * @description "script" runs the agent's steps without a model; "provider/model" asks that provider.
             * @example anthropic/claude
             */
            ai_model: string;
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description For people. */
            description: string;
            /**
             * Format: uuid
             * @description UUIDv7.
             */
            id: string;
            /** @description Most tokens of an answer. */
            max_tokens: number;
            /**
             * @description What people call it.
             * @example Careful buyer
             */
            name: string;
            /**
             * Format: uuid
             * @description Whose it is.
             */
            owner_id: string;
            /** @description Counts changes; the ETag. */
            revision: number;
            /** @description What the model is told first. */
            system_prompt: string;
            /**
             * Format: uuid
             * @description The team that shares it.
             */
            team_id: string | null;
            /** @description How freely the model answers. */
            temperature: number;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
        };
        /** @description A model that a provider offers. */
        ProviderModel: {
            /** @description Millionths of the accounting currency per million cached input tokens. */
            cached_price?: number;
            /** @description Most tokens that it reads; 0: not known. */
            context_tokens?: number;
            /** @description Millionths of the accounting currency per million input tokens. */
            input_price?: number;
            /** @description What people call it. */
            label?: string;
            /**
             * @description The least role that may use it.
             * @enum {string}
             */
            min_role?: "guest" | "free_user" | "pro_user" | "team_member" | "team_organizer" | "admin" | "super_admin";
            /** @description What its provider calls it. */
            name: string;
            /** @description Millionths of the accounting currency per million output tokens. */
            output_price?: number;
            /** @description Whether it sees pictures. */
            vision?: boolean;
        };
        /** @description What a run asks a person. */
        Question: {
            /** @description With `by`, who gave it. A code is not shown. */
            answer?: unknown;
            /**
             * Format: date-time
             * @description Since when it waits.
             */
            asked_at: string;
            /** @description The action that waits for approval. */
            call?: unknown;
            /** @description Answers to choose from. */
            choices?: string[] | null;
            /**
             * Format: date-time
             * @description Until when it can be answered.
             */
            deadline_at: string;
            /**
             * Format: date-time
             * @description When it was answered or withdrawn.
             */
            ended_at?: string | null;
            /** @description What `values` may have: name and label each. */
            fields?: {
                [key: string]: unknown;
            }[] | null;
            /**
             * Format: uuid
             * @description UUIDv7.
             */
            id: string;
            /**
             * @description What is wanted.
             * @enum {string}
             */
            kind: "question" | "approval" | "captcha" | "code" | "blocked";
            /** @description Of open ones, for callers who may answer: a page that takes one answer without signing in. */
            link?: string;
            /**
             * Format: uuid
             * @description An artifact: what the page looked like.
             */
            screenshot_id?: string | null;
            /**
             * @description Only open ones can be answered.
             * @enum {string}
             */
            status: "open" | "answered" | "withdrawn" | "expired";
            /** @description What the agent says. It may repeat a page's words. */
            text: string;
            /**
             * Format: uuid
             * @description Whose run asks.
             */
            thread_id: string;
            /** @description Why it was withdrawn: handled, stopped, or how the thread ended. */
            why?: string;
        };
        /** @description One of an object's edits. */
        Revision: {
            /** @description Members that the one before had otherwise. */
            changed: string[];
            /**
             * Format: date-time
             * @description When that edit was made.
             */
            created_at: string;
            /** @description Whether this is what the object is now. */
            is_current: boolean;
            /** @description Its number. */
            revision: number;
        };
        /** @description What an object was at one of its edits. */
        RevisionWhole: {
            /** @description The object's members as they were. */
            body: {
                [key: string]: unknown;
            };
            /** @description By member: {"from", "to"}. */
            changes: {
                [key: string]: unknown;
            };
            /**
             * Format: date-time
             * @description When that edit was made.
             */
            created_at: string;
            /** @description Whether this is what the object is now. */
            is_current: boolean;
            /** @description The number of the one before that is still kept. */
            previous?: number | null;
            /** @description Its number. */
            revision: number;
        };
        /** @description What users of a role may have. */
        Role: {
            /** @description Per quota what the role may have, with QUOTAS. */
            quotas: {
                [key: string]: unknown;
            };
            /**
             * @description Its name.
             * @enum {string}
             */
            role: "guest" | "free_user" | "pro_user" | "team_member" | "team_organizer" | "admin" | "super_admin";
        };
        /** @description A browser that is signed in. */
        Session: {
            /**
             * Format: date-time
             * @description When it was signed in.
             */
            created_at: string;
            /** @description Whether it is the one that asks. */
            current: boolean;
            /**
             * Format: date-time
             * @description When it ends if it is not used.
             */
            expires_at: string;
            /**
             * Format: uuid
             * @description To end it by.
             */
            id: string;
            /** @description The address it was signed in from. */
            ip: string;
            /**
             * Format: date-time
             * @description When it last took new tokens.
             */
            last_used_at: string;
            /** @description The browser, as it calls itself. */
            user_agent: string;
        };
        /** @description A run of an agent. */
        Thread: {
            /**
             * Format: uuid
             * @description Whose run it is; null when the agent was deleted.
             */
            agent_id: string | null;
            /** @description What the agent is called. */
            agent_name: string | null;
            /** @description The revision of the agent that it runs. */
            agent_revision?: number;
            /**
             * Format: uuid
             * @description Its browser, from running on.
             */
            browser_id?: string | null;
            /** @description What it cost, in millionths. */
            cost_micro?: number;
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it ended.
             */
            end_time?: string | null;
            /** @description Why it failed, for people. */
            error_message?: string;
            /** @description How long it ran. */
            execution_time_ms?: number | null;
            /**
             * Format: uuid
             * @description UUIDv7.
             */
            id: string;
            /** @description What it was started with. */
            inputs?: {
                [key: string]: unknown;
            };
            /**
             * Format: uuid
             * @description Whose it is.
             */
            owner_id: string;
            /** @description The revision of the preset that it runs. */
            preset_revision?: number;
            /**
             * Format: date-time
             * @description When it was asked for.
             */
            queued_at: string;
            /** @description Why it ended or waits, in one word: timeout, crash, oom, control ... */
            reason?: string;
            /** @description What it brought. */
            results?: unknown;
            /**
             * Format: uuid
             * @description The thread that it repeats.
             */
            retry_of?: string | null;
            /** @description Counts changes; the ETag. */
            revision: number;
            /**
             * Format: date-time
             * @description When a worker took it.
             */
            start_time?: string | null;
            /**
             * @description How far it is.
             * @enum {string}
             */
            status: "queued" | "starting" | "running" | "waiting" | "stopping" | "completed" | "error" | "stopped";
            /** @description What it is to do. */
            task?: string;
            /**
             * Format: uuid
             * @description The team that shares it.
             */
            team_id: string | null;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
            /** @description What it took: steps, tokens. */
            usage?: {
                [key: string]: unknown;
            };
        };
        /** @description What happened in a thread. */
        ThreadEvent: {
            /** @description For programs. */
            data?: unknown;
            /** @description What happened: step.finished, thread.completed ... */
            kind: string;
            /**
             * @description How much it matters.
             * @enum {string}
             */
            level: "debug" | "info" | "warn" | "error";
            /** @description For people. */
            message: string;
            /** @description Its number within the thread, from 1. */
            seq: number;
            /**
             * Format: date-time
             * @description When it happened.
             */
            time: string;
        };
        /** @description A script for an agent, and what is to be known of it. */
        ThreadScript: {
            /** @description Names of the credentials that the steps fill in; the agent needs them. */
            credentials?: string[];
            /** @description JSON Schema of the inputs that the steps need, with this run's values as defaults. */
            input_schema: {
                [key: string]: unknown;
            };
            /** @description What was done and is not in the script. */
            left_out: components["schemas"]["ThreadScriptLeftOut"][];
            /** @description Texts that were typed and are no inputs yet. */
            proposals: components["schemas"]["ThreadScriptProposal"][];
            /** @description The agent's, when the steps bring what it asks for. */
            result_schema?: {
                [key: string]: unknown;
            };
            /** @description Scripts that the steps call, when they do. */
            scripts?: {
                [key: string]: unknown;
            };
            /** @description Steps of a script; with `scripts` what an agent has as its `script`. */
            steps: {
                [key: string]: unknown;
            }[];
        };
        /** @description Something that was done and is not in the script. */
        ThreadScriptLeftOut: {
            /** @description The tool or action. */
            action: string;
            /** @description The page that it was about. */
            url?: string;
            /** @description Why a script has nothing in its place, in words. */
            why: string;
        };
        /** @description A text that could be an input: `parameters` with {NAME: TEXT} makes it one. */
        ThreadScriptProposal: {
            /** @description A name for it, made after its field. */
            name: string;
            /** @description What was typed. */
            text: string;
        };
        /** @description A session's tokens. */
        Tokens: {
            /** @description For Authorization: Bearer. */
            access_token: string;
            /** @description Seconds that the access token is good. */
            expires_in: number;
            /** @description With transport "body" only; else it is a cookie. */
            refresh_token?: string;
            /**
             * @description Always bearer.
             * @enum {string}
             */
            token_type: "bearer";
            /** @description Who signed in. */
            user: components["schemas"]["User"];
        };
        /** @description A person. */
        User: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description To sign in with. */
            email: string;
            /**
             * Format: uuid
             * @description UUIDv7.
             */
            id: string;
            /** @description Whether they may sign in. */
            is_active: boolean;
            /**
             * Format: date-time
             * @description When they last signed in or refreshed.
             */
            last_seen_at: string | null;
            /** @description What models may cost them in a day (UTC), in millionths; null: what the role allows. */
            model_cost_day: number | null;
            /** @description What people call them. */
            name: string;
            /** @description Counts changes; the ETag. */
            revision: number;
            /**
             * @description What they may do.
             * @enum {string}
             */
            role: "guest" | "free_user" | "pro_user" | "team_member" | "team_organizer" | "admin" | "super_admin";
            /** @description Language, theme and the like, as the web app keeps them. */
            settings: {
                [key: string]: unknown;
            };
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
