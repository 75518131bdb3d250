"""The data that the SDK answers and takes, one file per resource.

The files are loaded on first use of a name: building all these classes takes longer than the rest of
`import hatched`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hatched.models._base import Extra as Extra, Model as Model, Params as Params
    from hatched.models._enums import OpenEnum as OpenEnum
    from hatched.models.buddies import (
        AwardBadgeParams as AwardBadgeParams,
        Buddy as Buddy,
        BuddyAppearance as BuddyAppearance,
        BuddyAppearanceStatus as BuddyAppearanceStatus,
        BuddyBadge as BuddyBadge,
        BuddyEquippedItem as BuddyEquippedItem,
        BuddyEvolutionRecord as BuddyEvolutionRecord,
        BuddyList as BuddyList,
        BuddyListParams as BuddyListParams,
        BuddyProgression as BuddyProgression,
        BuddyStatus as BuddyStatus,
        EarnCoinsParams as EarnCoinsParams,
        EquipItemsParams as EquipItemsParams,
        EquipItemsResult as EquipItemsResult,
        EvolutionPage as EvolutionPage,
        EvolutionSource as EvolutionSource,
        EvolutionState as EvolutionState,
        EvolveResult as EvolveResult,
        LedgerEntry as LedgerEntry,
        ListEvolutionsParams as ListEvolutionsParams,
        PageMeta as PageMeta,
        Pagination as Pagination,
        ProgressionSnapshot as ProgressionSnapshot,
        PurchasedItem as PurchasedItem,
        RerenderAppearanceResult as RerenderAppearanceResult,
        SkillsSnapshot as SkillsSnapshot,
        SkillUpdate as SkillUpdate,
        SpendCoinsParams as SpendCoinsParams,
        TokenBalance as TokenBalance,
        TokenKind as TokenKind,
        TokensSummary as TokensSummary,
        UpdateBuddyParams as UpdateBuddyParams,
        UpdateSkillsParams as UpdateSkillsParams,
        UserSummary as UserSummary,
    )
    from hatched.models.eggs import (
        CreateEggParams as CreateEggParams,
        Egg as Egg,
        EggStatus as EggStatus,
        EggStatusChange as EggStatusChange,
        HatchResult as HatchResult,
        ListEggsParams as ListEggsParams,
        UpdateEggStatusParams as UpdateEggStatusParams,
    )
    from hatched.models.error_details import (
        ActiveEggLimitDetails as ActiveEggLimitDetails,
        ActiveEggLimitEgg as ActiveEggLimitEgg,
        CreditInsufficientDetails as CreditInsufficientDetails,
        EventQuotaExceededDetails as EventQuotaExceededDetails,
        NoPublishedConfigDetails as NoPublishedConfigDetails,
        PlanFeatureLockedDetails as PlanFeatureLockedDetails,
    )
    from hatched.models.events import (
        BatchResult as BatchResult,
        DebugReason as DebugReason,
        EventEffects as EventEffects,
        EventPathCompletion as EventPathCompletion,
        EventPathStepCompletion as EventPathStepCompletion,
        EventPathSubStepCompletion as EventPathSubStepCompletion,
        EventPathUpdate as EventPathUpdate,
        EventStreakUpdate as EventStreakUpdate,
        SendBatchParams as SendBatchParams,
        SendEventParams as SendEventParams,
    )
    from hatched.models.gates import (
        BuddyUnlock as BuddyUnlock,
        BuddyUnlocks as BuddyUnlocks,
        TokenGate as TokenGate,
        TokenGates as TokenGates,
        UnlockResult as UnlockResult,
    )
    from hatched.models.health import Health as Health
    from hatched.models.operations import (
        Operation as Operation,
        OperationStatus as OperationStatus,
        WaitOptions as WaitOptions,
    )
    from hatched.models.paths import (
        CreatePathDefinitionParams as CreatePathDefinitionParams,
        CreatePathStepParams as CreatePathStepParams,
        CreatePathSubStepParams as CreatePathSubStepParams,
        ListPathsParams as ListPathsParams,
        ManualCompleteResult as ManualCompleteResult,
        PathCondition as PathCondition,
        PathConditionType as PathConditionType,
        PathDefinition as PathDefinition,
        PathDefinitionWithSteps as PathDefinitionWithSteps,
        PathDisplayMode as PathDisplayMode,
        PathIcon as PathIcon,
        PathOrdinal as PathOrdinal,
        PathRuntimeDefinition as PathRuntimeDefinition,
        PathRuntimePayload as PathRuntimePayload,
        PathStep as PathStep,
        PathStepRuntime as PathStepRuntime,
        PathStepWithSubSteps as PathStepWithSubSteps,
        PathSubStep as PathSubStep,
        PathSubStepRuntime as PathSubStepRuntime,
        PathSubStepStatus as PathSubStepStatus,
        ReorderParams as ReorderParams,
        SetPathActiveParams as SetPathActiveParams,
        UpdatePathDefinitionParams as UpdatePathDefinitionParams,
        UpdatePathStepParams as UpdatePathStepParams,
        UpdatePathSubStepParams as UpdatePathSubStepParams,
    )
    from hatched.models.tokens import (
        CreateEmbedTokenParams as CreateEmbedTokenParams,
        CreateSessionParams as CreateSessionParams,
        EmbedToken as EmbedToken,
        SessionToken as SessionToken,
    )
    from hatched.models.webhook_events import (
        BuddyEvolved as BuddyEvolved,
        BuddyHatched as BuddyHatched,
        CoinsChanged as CoinsChanged,
        SkillDecayed as SkillDecayed,
        TokenChanged as TokenChanged,
        WebhookEvent as WebhookEvent,
    )
    from hatched.models.webhooks import (
        CreateWebhookParams as CreateWebhookParams,
        DeliveryPage as DeliveryPage,
        DeliveryReceipt as DeliveryReceipt,
        DeliveryStatus as DeliveryStatus,
        ListDeliveriesParams as ListDeliveriesParams,
        VerifySignatureOptions as VerifySignatureOptions,
        WebhookDelivery as WebhookDelivery,
        WebhookEndpoint as WebhookEndpoint,
        WebhookStatus as WebhookStatus,
    )

_HOMES = {
    "_base": ("Extra", "Model", "Params"),
    "_enums": ("OpenEnum",),
    "buddies": (
        "AwardBadgeParams",
        "Buddy",
        "BuddyAppearance",
        "BuddyAppearanceStatus",
        "BuddyBadge",
        "BuddyEquippedItem",
        "BuddyEvolutionRecord",
        "BuddyList",
        "BuddyListParams",
        "BuddyProgression",
        "BuddyStatus",
        "EarnCoinsParams",
        "EquipItemsParams",
        "EquipItemsResult",
        "EvolutionPage",
        "EvolutionSource",
        "EvolutionState",
        "EvolveResult",
        "LedgerEntry",
        "ListEvolutionsParams",
        "PageMeta",
        "Pagination",
        "ProgressionSnapshot",
        "PurchasedItem",
        "RerenderAppearanceResult",
        "SkillUpdate",
        "SkillsSnapshot",
        "SpendCoinsParams",
        "TokenBalance",
        "TokenKind",
        "TokensSummary",
        "UpdateBuddyParams",
        "UpdateSkillsParams",
        "UserSummary",
    ),
    "eggs": (
        "CreateEggParams",
        "Egg",
        "EggStatus",
        "EggStatusChange",
        "HatchResult",
        "ListEggsParams",
        "UpdateEggStatusParams",
    ),
    "error_details": (
        "ActiveEggLimitDetails",
        "ActiveEggLimitEgg",
        "CreditInsufficientDetails",
        "EventQuotaExceededDetails",
        "NoPublishedConfigDetails",
        "PlanFeatureLockedDetails",
    ),
    "events": (
        "BatchResult",
        "DebugReason",
        "EventEffects",
        "EventPathCompletion",
        "EventPathStepCompletion",
        "EventPathSubStepCompletion",
        "EventPathUpdate",
        "EventStreakUpdate",
        "SendBatchParams",
        "SendEventParams",
    ),
    "gates": ("BuddyUnlock", "BuddyUnlocks", "TokenGate", "TokenGates", "UnlockResult"),
    "health": ("Health",),
    "operations": ("Operation", "OperationStatus", "WaitOptions"),
    "paths": (
        "CreatePathDefinitionParams",
        "CreatePathStepParams",
        "CreatePathSubStepParams",
        "ListPathsParams",
        "ManualCompleteResult",
        "PathCondition",
        "PathConditionType",
        "PathDefinition",
        "PathDefinitionWithSteps",
        "PathDisplayMode",
        "PathIcon",
        "PathOrdinal",
        "PathRuntimeDefinition",
        "PathRuntimePayload",
        "PathStep",
        "PathStepRuntime",
        "PathStepWithSubSteps",
        "PathSubStep",
        "PathSubStepRuntime",
        "PathSubStepStatus",
        "ReorderParams",
        "SetPathActiveParams",
        "UpdatePathDefinitionParams",
        "UpdatePathStepParams",
        "UpdatePathSubStepParams",
    ),
    "tokens": ("CreateEmbedTokenParams", "CreateSessionParams", "EmbedToken", "SessionToken"),
    "webhook_events": ("BuddyEvolved", "BuddyHatched", "CoinsChanged", "SkillDecayed", "TokenChanged", "WebhookEvent"),
    "webhooks": (
        "CreateWebhookParams",
        "DeliveryPage",
        "DeliveryReceipt",
        "DeliveryStatus",
        "ListDeliveriesParams",
        "VerifySignatureOptions",
        "WebhookDelivery",
        "WebhookEndpoint",
        "WebhookStatus",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # a type checker must see a misspelt name

    def __getattr__(name: str) -> Any:
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
